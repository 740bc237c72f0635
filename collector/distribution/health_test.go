package distribution

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

const testAddress = "10.0.0.1:5001"

func TestHealthCheckNames(t *testing.T) {
	for _, c := range []struct{ key, check, kind string }{
		{"storagedriver_swift", "storagedriver_swift", "storagedriver"},
		{"127.0.0.1:6379", "127.0.0.1:6379", "tcp"},
		{"redis.example.org:redis", "redis.example.org:redis", "tcp"},
		{"[fd00::1]:6379", "[fd00::1]:6379", "tcp"},
		{"/etc/registry/maintenance", "/etc/registry/maintenance", "file"},
		{"/srv/a:1", "/srv/a:1", "file"},
		{"http://store.example.org/health", "http://store.example.org/health", "http"},
		{"https://mon:hunter22@store.example.org:8443/health?token=hunter22#hunter22", "https://store.example.org:8443/health", "http"},
		{"https://mon:hunter22@store.example.org", "https://store.example.org", "http"},
		{"https://mon:hunt%er22@store.example.org/", "a URL", "http"},
		{"https://mon:hunter22@store.example.org:port/", "a URL", "http"},
		{"", "", "file"},
	} {
		if check, kind := healthCheck(c.key); check != c.check || kind != c.kind {
			t.Errorf("%q: got %q, %q, want %q, %q", c.key, check, kind, c.check, c.kind)
		}
	}
}

// TestAnswersThatNestOrRepeatWithoutEnd has answers as large as one may be.
func TestAnswersThatNestOrRepeatWithoutEnd(t *testing.T) {
	for _, c := range []struct{ name, open, repeated string }{
		{"arrays", ``, `[`},
		{"objects", ``, `{"a":`},
		{"arrays as a check", `{"storagedriver_swift":`, `[`},
		{"errors in errors", ``, `{"errors":[`},
		{"errors without end", `{"errors":[`, `{},`},
		{"one key again and again", `{"a":0`, `,"a":0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := c.open + strings.Repeat(c.repeated, (ask.MaxSmallBody-len(c.open))/len(c.repeated))
			_, err := failingChecks([]byte(body), testAddress)
			if got := source.Reason(err); got != source.ReasonBadAnswer {
				t.Errorf("reason is %q, want %q: %v", got, source.ReasonBadAnswer, err)
			}
		})
	}
}

func FuzzHealth(f *testing.F) {
	files, err := filepath.Glob("testdata/health/*/health.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("no answers in testdata/health: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("\n\n"))
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		failing, err := failingChecks(body, testAddress)
		if got := source.Reason(err); err != nil && got != source.ReasonBadAnswer {
			t.Errorf("reason is %q: %v", got, err)
		}
		if most := bytes.Count(body, []byte(":")); len(failing) > most {
			t.Errorf("%d checks of at most %d", len(failing), most)
		}
		for _, s := range shown(t, failing) {
			for _, l := range s.Labels {
				if len(l) > source.MaxLabelBytes || !utf8.ValidString(l) {
					t.Errorf("label %q", l)
				}
			}
		}
	})
}

// shown are samples with the labels that a page shows.
func shown(t *testing.T, samples []source.Sample) []source.Sample {
	t.Helper()
	s := &source.Source{
		Timeout: time.Minute, Most: math.MaxInt, Mask: func() source.Mask { return nil },
		Read: func(context.Context) ([]source.Sample, error) { return samples, nil },
	}
	return s.Get(t.Context(), s.Timeout).Samples
}
