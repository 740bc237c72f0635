package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStatusCanBeRead: text has the contrast to its background that WCAG wants, in light and in dark.
func TestStatusCanBeRead(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(statusHTML, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes", len(schemes))
	}
	for _, scheme := range schemes {
		colours := map[string]float64{}
		for _, c := range regexp.MustCompile(`--(\w+): #([0-9a-f]+)`).FindAllStringSubmatch(scheme[1], -1) {
			colours[c[1]] = luminance(t, c[2])
		}
		for _, pair := range strings.Fields("text/paper text/card text/code dim/paper dim/card link/paper link/card broken/card ill/card well/card waiting/card on/broken on/ill on/well on/waiting") {
			a, b, _ := strings.Cut(pair, "/")
			light, dark := max(colours[a], colours[b]), min(colours[a], colours[b])
			if ratio := (light + 0.05) / (dark + 0.05); ratio < 4.5 {
				t.Errorf("%s: %.1f in %s", pair, ratio, scheme[1][:40])
			}
		}
	}
}

// luminance returns the luminance of a colour, #rgb or #rrggbb, from 0 to 1.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			sum += weight * v / 12.92
		} else {
			sum += weight * math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return sum
}
