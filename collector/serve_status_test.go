package collector

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// statusOf returns the page with one registry for each of these cases of TestReports.
func statusOf(t *testing.T, names ...string) string {
	t.Helper()
	all := &report.Report{Time: reportTime}
	for i, name := range names {
		for _, c := range reportCases {
			if c.name == name {
				text := strings.Replace(c.configuration(), "name: hub", fmt.Sprintf("name: hub%d", i), 1)
				one, _ := reportOf(t, text, c.world(), c.add)
				all.Registries = append(all.Registries, one.Registries...)
			}
		}
	}
	if len(all.Registries) != len(names) {
		t.Fatalf("not all of these are cases: %q", names)
	}
	var page bytes.Buffer
	if err := all.WriteStatus(&page); err != nil {
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
		"Layers can be neither pulled nor pushed", "<pre>systemctl status swift-proxy", `href="runbooks/RegistryStorageDown?registry=hub0&amp;site=eqiad"`,
	} {
		if !strings.Contains(first, words) {
			t.Errorf("no %q in\n%s", words, first)
		}
	}
	for _, words := range []string{
		"3 more things are wrong", "9 checks", "health_check_failed", `<span class="hidden">failed: </span>`,
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
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+"- name: other\n  url: http://127.0.0.1:1\n")
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

// The page shows the last run of a probe, and starts none.
func TestStatusStartsNoProbe(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "")
	p := &source.Probe{Every: time.Minute, Run: func(context.Context) source.Run { panic("it runs") }}
	e.live.Load().registries[0].add(p.Source(&source.Source{Collector: "pull", Address: atFront, Timeout: time.Second}, source.NewTrack()))
	if _, page := testserver.Ask(t, e.ServeStatus, "/"); !strings.Contains(page, "pending") || strings.Contains(page, "panic") {
		t.Error(page)
	}
}

func TestStatusIsThereBeforePeopleGiveUp(t *testing.T) {
	t.Parallel()
	url, _, _ := startHung(t)
	e := newTestExporter(t, configOfHub(url, "  timeout: 1m\n"))
	start := time.Now()
	_, page := testserver.Ask(t, e.ServeStatus, "/")
	if took := time.Since(start); took < maxStatus-time.Second || took > 3*maxStatus || !strings.Contains(page, "does not answer in time") {
		t.Errorf("after %s: %s", took, page)
	}
}

func TestStatusCountsAsAScrape(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	e.scrapes.Store(1000)
	if status, _ := testserver.Ask(t, e.ServeStatus, "/"); status != http.StatusServiceUnavailable {
		t.Errorf("%d with a thousand under way", status)
	}
	e.scrapes.Store(0)
	testserver.Ask(t, e.ServeStatus, "/")
	if n := e.scrapes.Load(); n != 0 {
		t.Errorf("%d left", n)
	}
}

// TestStatusFitsAPhone asks a browser how wide the page is with everything unfolded.
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

// widthIn returns how wide a page is in a window: more than the window when it has to be scrolled.
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
