package collector

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

// statusOf is the page of one registry for each of the cases of TestReports that are named.
func statusOf(t *testing.T, names ...string) string {
	t.Helper()
	report := &report.Report{Time: reportTime}
	for i, name := range names {
		for _, c := range reportCases {
			if c.name != name {
				continue
			}
			w := maps.Clone(healthyWorld())
			if c.change != nil {
				c.change(w)
			}
			var add []*source.Source
			for _, s := range c.add { // a source is of one registry
				add = append(add, &source.Source{Collector: s.Collector, Endpoint: s.Endpoint, Probe: s.Probe})
			}
			text := strings.Replace(reportConfig, "name: hub", fmt.Sprintf("name: hub%d", i), 1)
			if old, new, changed := strings.Cut(c.config, "|"); changed {
				text = strings.Replace(text, old, new, 1)
			}
			one, _ := reportOf(t, text, w, add)
			report.Registries = append(report.Registries, one.Registries...)
		}
	}
	if len(report.Registries) != len(names) {
		t.Fatalf("not all of these are cases: %q", names)
	}
	var page bytes.Buffer
	if err := report.statusPage.Execute(&page, report.newStatus(report)); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

var allStatuses = []string{
	"everything_is_well", "hostile_answers", "storage_down_is_named_before_what_follows_from_it", "probe_that_has_not_run", "no_spare_replica",
	"part_of_an_image_is_missing", "passive_and_everything_is_well", "hostile_configuration",
}

func TestStatusShowsTheWorstFirst(t *testing.T) {
	page := statusOf(t, "everything_is_well", "no_spare_replica", "probe_that_has_not_run", "storage_down_is_named_before_what_follows_from_it", "passive_and_everything_is_well", "part_of_an_image_is_missing")
	var got []string
	for _, m := range regexp.MustCompile(`<span class="state">([\w ]+)</span><h2>(hub\d)`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[2]+" "+m[1])
	}
	want := "hub3 Broken, hub5 Broken, hub1 Needs care, hub2 Waiting, hub0 All well, hub4 All well"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
	if !strings.Contains(page, "<h1>2 broken, 1 in need of care, 1 waiting, 2 well</h1>") {
		t.Error("they are not counted")
	}
}

func TestStatusTellsWhatToDo(t *testing.T) {
	page := statusOf(t, "storage_down_is_named_before_what_follows_from_it")
	first, _, _ := strings.Cut(page, "<details>")
	for _, words := range []string{
		"swift at swift.example.org:443: nothing listens at swift.example.org:443: Swift&#39;s proxy is stopped",
		"Layers can be neither pulled nor pushed", "<pre>systemctl status swift-proxy", `href="runbooks/RegistryStorageDown"`,
	} {
		if !strings.Contains(first, words) {
			t.Errorf("no %q in\n%s", words, first)
		}
	}
	for _, words := range []string{
		"3 more things are wrong", "8 checks", "health_check_failed", `<span class="hidden">failed: </span>`,
		`href="probe?debug=true&amp;registry=hub0&amp;site=eqiad"`, `content="30"`, "As of <time>2026-03-01 12:00:00 UTC</time>",
		`href="metrics"`, `href="config"`, `href="runbooks/"`, `href="sd"`,
	} {
		if !strings.Contains(page, words) {
			t.Errorf("no %q in\n%s", words, page)
		}
	}
}

func TestStatusHoldsNoScriptNorAnythingFromElsewhere(t *testing.T) {
	page := statusOf(t, allStatuses...)
	for _, m := range regexp.MustCompile(`(?i)<script|<img|<iframe|<link|@import|url\(|javascript:| on\w+="|src=|href="[a-z]*:?//|\x1b|password`).FindAllStringIndex(page, -1) {
		around := page[max(0, m[0]-60):min(len(page), m[1]+60)]
		if !strings.Contains(around, "&lt;script") {
			t.Errorf("…%s…", around)
		}
	}
}

func TestStatusOverHTTP(t *testing.T) {
	e := collectortest.New(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+"- name: other\n  url: http://127.0.0.1:1\n")
	e.opts.Registries = false // is about /metrics only
	w := httptest.NewRecorder()
	e.ServeStatus(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<h1>2 broken</h1>") || !strings.Contains(w.Body.String(), "refused") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cache-Control":           "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The page tells of a probe what its last run found, and starts none.
func TestStatusStartsNoProbe(t *testing.T) {
	e := collectortest.New(t, configOfHub("http://127.0.0.1:1", ""))
	e.live.Load().registries[0].add(&source.Source{
		Collector: "pull", Endpoint: atFront, Timeout: time.Second,
		Probe: source.testProbe(time.Minute, nil), // a run would panic
		Read:  func(context.Context) ([]source.Sample, error) { return nil, source.NewTrack().result().Err },
	})
	if _, page := ask(t, e.ServeStatus, "/"); !strings.Contains(page, "pending") || strings.Contains(page, "panic") {
		t.Error(page)
	}
}

func TestStatusIsThereBeforePeopleGiveUp(t *testing.T) {
	url, _, _ := startHung(t)
	e := collectortest.New(t, configOfHub(url, "  timeout: 1m\n"))
	start := time.Now()
	_, page := ask(t, e.ServeStatus, "/")
	if took := time.Since(start); took < maxStatus-time.Second || took > 3*maxStatus || !strings.Contains(page, "does not answer in time") {
		t.Errorf("after %s: %s", took, page)
	}
}

func TestStatusCountsAsAScrape(t *testing.T) {
	e := collectortest.New(t, configOfHub("http://127.0.0.1:1", ""))
	e.scrapes.Store(1000)
	if status, _ := ask(t, e.ServeStatus, "/"); status != http.StatusServiceUnavailable {
		t.Errorf("%d with a thousand under way", status)
	}
	e.scrapes.Store(0)
	ask(t, e.ServeStatus, "/")
	if n := e.scrapes.Load(); n != 0 {
		t.Errorf("%d left", n)
	}
}

// TestStatusCanBeRead: text and what it stands on differ by the ratio that WCAG wants, in light and in dark.
func TestStatusCanBeRead(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(report.statusHTML, -1)
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

// luminance is that of a colour as #rgb or #rrggbb, from 0 to 1.
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

// TestStatusFitsAPhone asks a browser how wide the page is with all of it unfolded.
func TestStatusFitsAPhone(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	page := statusOf(t, allStatuses...)
	for _, c := range []struct {
		name, page string
		fits       bool
	}{
		{"the page", page, true},
		{"one that is too wide", strings.Replace(page, "<main>", `<main><div style="width: 400px">wide</div>`, 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			wide := widthIn(t, browser, c.page, 360)
			if (wide <= 360) != c.fits {
				t.Errorf("it is %d px wide in a window of 360", wide)
			}
		})
	}
}

// widthIn is how wide a page becomes in a window: more than that when it has to be scrolled.
func widthIn(t *testing.T, browser, page string, window int) (width int) {
	t.Helper()
	frame := fmt.Sprintf(`<!doctype html><title>not loaded</title><iframe src="page" style="width: %dpx; height: 800px; border: 0"
onload="const d = this.contentDocument; d.querySelectorAll('details').forEach(x => x.open = true); document.title = 'width ' + d.documentElement.scrollWidth"></iframe>`, window)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/page" {
			_, _ = w.Write([]byte(page))
			return
		}
		_, _ = w.Write([]byte(frame))
	}))
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+filepath.Join(t.TempDir(), "profile"), "--dump-dom", server.URL+"/")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`<title>width (\d+)</title>`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("the browser shows %s", out)
	}
	_, _ = fmt.Sscan(string(m[1]), &width)
	return width
}
