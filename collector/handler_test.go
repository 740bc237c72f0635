package collector

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// ask sends a GET to a handler. More are pairs of header and value.
func ask(t *testing.T, handler http.HandlerFunc, target string, more ...string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	handler(w, r)
	return w.Code, w.Body.String()
}

func wantLines(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+page, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, page)
		}
	}
}

// configOfHub is a registry that answers at url; more is added to it.
func configOfHub(url, more string) string {
	return "registries:\n- name: hub\n  url: " + url + "\n" + more
}

func startHealthy(t *testing.T) (url, endpoint string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(openRegistry))
	t.Cleanup(server.Close)
	return server.URL, server.Listener.Addr().String()
}

func TestMetricsShowTheExporterAndAllRegistries(t *testing.T) {
	url, endpoint := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, "")+"- name: other\n  site: eqiad\n  passive: true\n  url: "+url+"\n")
	status, page := ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK {
		t.Fatal(status, page)
	}
	wantLines(t, page,
		`registry_api_up{endpoint="`+endpoint+`",registry="hub",role="front"} 1`,
		`registry_api_up{endpoint="`+endpoint+`",registry="other",role="front",site="eqiad"} 1`,
		`registry_passive{registry="hub"} 0`,
		`registry_passive{registry="other",site="eqiad"} 1`,
		`registry_exporter_web_info{external_url="http://exporter.example.org:10500"} 1`,
		`registry_exporter_config_last_reload_successful 1`,
		`registry_exporter_scrapes_rejected_total 0`)
}

func TestMetricsOfTheExporterOnly(t *testing.T) {
	url, _ := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, ""))
	e.opts.Registries = false
	_, page := ask(t, e.ServeMetrics, "/metrics")
	if strings.Contains(page, `registry="hub"`) {
		t.Errorf("a registry is on\n%s", page)
	}
	wantLines(t, page, `registry_exporter_config_last_reload_successful 1`)
}

func TestProbeShowsOneRegistry(t *testing.T) {
	url, _ := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, "")+"- name: other\n  url: "+url+"\n")
	status, page := ask(t, e.ServeProbe, "/probe?registry=other")
	if status != http.StatusOK || strings.Contains(page, `registry="hub"`) || strings.Contains(page, "go_goroutines") {
		t.Errorf("%d\n%s", status, page)
	}
	wantLines(t, page, `registry_passive{registry="other"} 0`,
		`registry_exporter_web_info{external_url="http://exporter.example.org:10500"} 1`)
}

func TestWhatProbeRefuses(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+
		"- name: hub\n  site: codfw\n  url: http://127.0.0.1:1\n- name: other\n  url: http://127.0.0.1:1\n")
	for _, c := range []struct {
		name, query string
		status      int
		want        string
	}{
		{"no registry", "", 400, "registry is missing: /probe?registry=NAME, one of: hub@eqiad, hub@codfw, other"},
		{"unknown registry", "registry=hob", 404, `no registry "hob", site "" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"a URL is no name", "registry=http://127.0.0.1:1", 404, `no registry "http://127.0.0.1:1", site "" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"unknown site", "registry=hub&site=esams", 404, `no registry "hub", site "esams" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"site of one that has none", "registry=other&site=eqiad", 404, `no registry "other", site "eqiad" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"two sites and none given", "registry=hub", 400, `registry "hub" has several sites: add &site= with one of: eqiad, codfw`},
		{"unknown collector", "registry=other&collect[]=api&collect[]=apo", 400, `no collector "apo"; there are: ` + collectorNames()},
	} {
		if status, body := ask(t, e.ServeProbe, "/probe?"+c.query); status != c.status || body != c.want+"\n" {
			t.Errorf("%s: %d, want %d\n got %swant %s", c.name, status, c.status, body, c.want)
		}
	}
}

func TestProbeOfASite(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+"- name: hub\n  site: codfw\n  url: http://127.0.0.1:1\n")
	_, page := ask(t, e.ServeProbe, "/probe?registry=hub&site=codfw")
	wantLines(t, page, `registry_passive{registry="hub",site="codfw"} 0`)
	if strings.Contains(page, "eqiad") {
		t.Errorf("the other site is on\n%s", page)
	}
}

func TestProbeOfSomeCollectors(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  redis: {addr: '127.0.0.1:1'}\n  debug: {urls: ['http://127.0.0.1:1']}\n"))
	_, page := ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=redis&collect[]=health")
	wantLines(t, page,
		`registry_redis_reachable{endpoint="127.0.0.1:1",registry="hub"} 0`,
		`registry_health_ok{endpoint="127.0.0.1:1",registry="hub"} 0`)
	if strings.Contains(page, "registry_api_") {
		t.Errorf("a collector nobody asked for is on\n%s", page)
	}
}

func TestDebugShowsLogAndSamples(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	var logged strings.Builder
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	status, page := ask(t, e.ServeProbe, "/probe?registry=hub&debug=true")
	lines, samples, found := strings.Cut(page, "\nSamples:\n\n")
	if status != http.StatusOK || !found || !strings.HasPrefix(lines, "Log of this scrape:\n\n") {
		t.Fatalf("%d\n%s", status, page)
	}
	if !strings.Contains(lines, `msg="source fails" reason=refused err="asking /v2/: dial tcp 127.0.0.1:1`) {
		t.Errorf("log of the page:\n%s", lines)
	}
	if !strings.Contains(logged.String(), `msg="source fails" reason=refused`) {
		t.Errorf("log of the exporter:\n%s", &logged)
	}
	wantLines(t, samples, `registry_collector_failure{collector="api",endpoint="127.0.0.1:1",reason="refused",registry="hub"} 1`)
}

func TestConfigurationIsShownWithoutSecrets(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  redis: {addr: '127.0.0.1:1', password: hunter2}\n"))
	status, page := ask(t, e.ServeConfig, "/config")
	if status != http.StatusOK || strings.Contains(page, "hunter2") || !strings.Contains(page, "password: <secret>\n") {
		t.Errorf("%d\n%s", status, page)
	}
}

func TestScrapeTimeoutHeader(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":       maxScrape,
		"10":     9500 * time.Millisecond,
		"10.5":   10 * time.Second,
		"1":      750 * time.Millisecond,
		"0.1":    75 * time.Millisecond,
		"1e6":    maxScrape,
		"100000": maxScrape,
	} {
		if got, err := scrapeTimeout(header); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", header, got, err, want)
		}
	}
}

func TestBadScrapeTimeoutHeaders(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	const want = "X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds above 0\n"
	for _, header := range []string{"ten", "10s", "0", "-1", "-0", "NaN", "Inf", "+Inf", "1e300", "1e400", " "} {
		for name, handler := range map[string]http.HandlerFunc{"/metrics": e.ServeMetrics, "/probe?registry=hub": e.ServeProbe} {
			if status, body := ask(t, handler, name, timeoutHeader, header); status != http.StatusBadRequest || body != want {
				t.Errorf("%s with %q: %d %s", name, header, status, body)
			}
		}
	}
}

// startHung is a server that accepts and never answers, and counts who asks and who hangs up.
func startHung(t *testing.T) (url string, asked, hungUp *atomic.Int64) {
	t.Helper()
	asked, hungUp = &atomic.Int64{}, &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		hang(w, r)
		hungUp.Add(1)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked, hungUp
}

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen that", what)
		}
	}
}

func TestPageArrivesBeforePrometheusGivesUp(t *testing.T) {
	hung, asked, _ := startHung(t)
	good, endpoint := startHealthy(t)
	e := newTestExporter(t, configOfHub(hung, "")+"- name: other\n  url: "+good+"\n")
	start := time.Now()
	status, page := ask(t, e.ServeMetrics, "/metrics", timeoutHeader, "1")
	if took := time.Since(start); status != http.StatusOK || took < 700*time.Millisecond || took > time.Second {
		t.Errorf("%d after %s", status, took)
	}
	address := strings.TrimPrefix(hung, "http://")
	wantLines(t, page,
		`registry_api_up{endpoint="`+address+`",registry="hub",role="front"} 0`,
		`registry_collector_success{collector="api",endpoint="`+address+`",registry="hub"} 0`,
		`registry_collector_failure{collector="api",endpoint="`+address+`",reason="timeout",registry="hub"} 1`,
		`registry_api_up{endpoint="`+endpoint+`",registry="other",role="front"} 1`,
		`registry_collector_success{collector="api",endpoint="`+endpoint+`",registry="other"} 1`)
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// listenOnly is an address where the system takes connections and nobody ever reads them.
func listenOnly(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestWhatIsAlwaysThere(t *testing.T) {
	address, backend, stub := listenOnly(t), listenOnly(t), listenOnly(t)
	e := newTestExporter(t, strings.NewReplacer("ADDRESS", address, "BACKEND", backend, "STUB", stub).Replace(
		configOfHub("http://ADDRESS", `  backends: [http://BACKEND]
  msr: {replicas: [http://ADDRESS, http://BACKEND]}
  nginx: {urls: [http://STUB/nginx_status]}
  debug: {urls: [http://ADDRESS]}
  swift: {auth_url: http://ADDRESS/auth/v1.0, username: docker:registry, key: keykeykey, container: registry}
  redis: {addr: 'ADDRESS'}
`)))
	_, page := ask(t, e.ServeProbe, "/probe?registry=hub", timeoutHeader, "0.4")
	at := func(format string, endpoints ...string) {
		t.Helper()
		for _, endpoint := range endpoints {
			wantLines(t, page, strings.ReplaceAll(format, "AT", endpoint))
		}
	}
	at(`registry_passive{registry="hub"} 0`, "")
	at(`registry_api_up{endpoint="AT",registry="hub",role="front"} 0`, address)
	at(`registry_api_up{endpoint="AT",registry="hub",role="backend"} 0`, backend)
	at(`registry_msr_ping_healthy{endpoint="AT",registry="hub"} 0`, address, backend)
	at(`registry_health_ok{endpoint="AT",registry="hub"} 0`, address)
	at(`registry_swift_reachable{container="registry",endpoint="AT",registry="hub"} 0`, address)
	at(`registry_redis_reachable{endpoint="AT",registry="hub"} 0`, address)
	for collector, endpoints := range map[string][]string{
		"api": {address, backend}, "msr": {address, backend}, "ping": {address, backend}, "nginx": {address, backend, stub},
		"health": {address}, "swift": {address}, "redis": {address},
	} {
		at(`registry_collector_success{collector="`+collector+`",endpoint="AT",registry="hub"} 0`, endpoints...)
		at(`registry_collector_failure{collector="`+collector+`",endpoint="AT",reason="timeout",registry="hub"} 1`, endpoints...)
		for _, endpoint := range endpoints {
			if !strings.Contains(page, `registry_collector_duration_seconds{collector="`+collector+`",endpoint="`+endpoint+`",registry="hub"} `) {
				t.Errorf("no duration of %s at %s", collector, endpoint)
			}
		}
	}
	for _, unknown := range []string{
		"registry_api_authorized", "registry_api_status_code", "registry_api_auth{", "registry_tls_", "registry_health_check", "registry_msr_replica",
		"registry_msr_current", "registry_msr_table", "registry_nginx_", "registry_swift_container", "registry_redis_ping", "registry_redis_memory",
	} {
		if strings.Contains(page, "\n"+unknown) {
			t.Errorf("%s was not measured, and is on\n%s", unknown, page)
		}
	}
}

func TestSeveralPrometheisShareOneRead(t *testing.T) {
	var asked atomic.Int64
	answer := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-answer
		openRegistry(w, r)
	}))
	defer upstream.Close()
	e := newTestExporter(t, configOfHub(upstream.URL, ""))
	s := e.live.Load().registries[0].sources[0]
	var group sync.WaitGroup
	for i := range 6 {
		target, handler := "/metrics", e.ServeMetrics
		if i%2 == 0 {
			target, handler = "/probe?registry=hub", e.ServeProbe
		}
		group.Go(func() {
			if _, page := ask(t, handler, target, timeoutHeader, "10"); !strings.Contains(page, `role="front"} 1`) {
				t.Errorf("not up on\n%s", page)
			}
		})
	}
	waitUntil(t, "all wait for one reading", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.running != nil && s.running.waiters == 6
	})
	close(answer)
	group.Wait()
	if asked.Load() != 1 {
		t.Errorf("upstream was asked %d times", asked.Load())
	}
}

func TestClientsThatHangUp(t *testing.T) {
	upstream, asked, hungUp := startHung(t)
	e := newTestExporter(t, configOfHub(upstream, ""))
	server := httptest.NewServer(http.HandlerFunc(e.ServeMetrics))
	defer server.Close()
	scrape := func() (hangUp context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
				t.Error("there was a page")
			}
		}()
		return cancel
	}
	first, second := scrape(), scrape()
	waitUntil(t, "both scrapes are under way", func() bool { return e.scrapes.Load() == 2 && asked.Load() == 1 })
	first()
	waitUntil(t, "the first scrape ends", func() bool { return e.scrapes.Load() == 1 })
	if hungUp.Load() != 0 {
		t.Error("the second scrape lost its reading")
	}
	second()
	waitUntil(t, "the upstream sees the connection closed", func() bool { return hungUp.Load() == 1 })
	if asked.Load() != 1 {
		t.Errorf("upstream was asked %d times", asked.Load())
	}
}

func TestTooManyScrapesAtOnce(t *testing.T) {
	upstream, _, _ := startHung(t)
	e := newTestExporter(t, configOfHub(upstream, ""))
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if status, _ := ask(t, e.ServeProbe, "/probe?registry=hub", timeoutHeader, "20"); status != http.StatusOK {
				t.Error(status)
			}
		})
	}
	waitUntil(t, "40 scrapes are under way", func() bool { return e.scrapes.Load() == 40 })
	for name, handler := range map[string]http.HandlerFunc{"/metrics": e.ServeMetrics, "/probe?registry=hub": e.ServeProbe} {
		if status, body := ask(t, handler, name); status != http.StatusServiceUnavailable || body != "too many scrapes at once\n" {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	e.Stop()
	group.Wait()
	if n := testutil.ToFloat64(e.scrapesRejected); n != 2 {
		t.Errorf("%v are counted", n)
	}
	if e.scrapes.Load() != 0 {
		t.Errorf("%d scrapes are left", e.scrapes.Load())
	}
}

func TestManyRegistriesMayBeProbedAtOnce(t *testing.T) {
	var text strings.Builder
	text.WriteString("registries:\n")
	for i := range 20 {
		fmt.Fprintf(&text, "- {name: hub%d, url: 'http://127.0.0.1:1'}\n", i)
	}
	e := newTestExporter(t, text.String())
	e.scrapes.Store(79)
	if status, _ := ask(t, e.ServeProbe, "/probe?registry=hub7"); status != http.StatusOK {
		t.Errorf("the 80th scrape: %d", status)
	}
	e.scrapes.Store(80)
	if status, _ := ask(t, e.ServeProbe, "/probe?registry=hub7"); status != http.StatusServiceUnavailable {
		t.Errorf("the 81st scrape: %d", status)
	}
}

func TestPageStandsWhateverASourceDoes(t *testing.T) {
	url, endpoint := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, ""))
	bad := func(name string, read func(context.Context) ([]sample, error)) *source {
		return &source{collector: name, endpoint: "a", timeout: time.Second, down: []sample{testUp.sample(0, name)}, read: read}
	}
	r := e.live.Load().registries[0]
	r.add(
		bad("panics", func(context.Context) ([]sample, error) { panic("no such thing") }),
		bad("twice", func(context.Context) ([]sample, error) {
			return []sample{testUp.sample(1, "twice"), testUp.sample(1, "twice")}, nil
		}),
		bad("binary", func(context.Context) ([]sample, error) {
			return []sample{testUp.sample(1, "\xff\xfe\x00\n\"")}, nil
		}))
	status, page := ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK || strings.Contains(page, "no such thing") {
		t.Errorf("%d\n%s", status, page)
	}
	wantLines(t, page,
		`registry_test_up{endpoint="panics",registry="hub"} 0`,
		`registry_collector_failure{collector="panics",endpoint="a",reason="panic",registry="hub"} 1`,
		`registry_test_up{endpoint="twice",registry="hub"} 1`,
		`registry_collector_failure{collector="twice",endpoint="a",reason="bad_answer",registry="hub"} 1`,
		"registry_test_up{endpoint=\"\uFFFD\x00\\n\\\"\",registry=\"hub\"} 1",
		`registry_collector_success{collector="binary",endpoint="a",registry="hub"} 1`,
		`registry_api_up{endpoint="`+endpoint+`",registry="hub",role="front"} 1`)
}

func TestSourcesOfOneRegistryThatWriteTheSameSeries(t *testing.T) {
	url, endpoint := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, ""))
	r := e.live.Load().registries[0]
	for range 2 {
		r.add(testSource(func(context.Context) ([]sample, error) {
			return []sample{testUp.sample(1, "a")}, nil
		}))
	}
	var logged strings.Builder
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	status, page := ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK {
		t.Error(status)
	}
	wantLines(t, page, `registry_test_up{endpoint="a",registry="hub"} 1`, `registry_api_up{endpoint="`+endpoint+`",registry="hub",role="front"} 1`)
	if !strings.Contains(logged.String(), `msg="page is not whole"`) {
		t.Errorf("the log is silent: %s", &logged)
	}
}

func TestReload(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	file := e.opts.ConfigFile
	reload := func(text string) (status int, body string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ask(t, e.ServeReload, "/-/reload")
	}
	wantState := func(what, shown string, good float64) {
		t.Helper()
		_, page := ask(t, e.ServeConfig, "/config")
		if !strings.Contains(page, shown) || testutil.ToFloat64(e.reloadGood) != good {
			t.Errorf("%s: gauge %v, in force\n%s", what, testutil.ToFloat64(e.reloadGood), page)
		}
	}
	wantState("at the start", "name: hub\n", 1)
	if status, body := reload(configOfHub("http://127.0.0.1:1", "  site: eqiad\n")); status != http.StatusOK || body != "configuration loaded\n" {
		t.Errorf("good file: %d %s", status, body)
	}
	wantState("good file", "site: eqiad\n", 1)
	e.reloadTime.Set(1)

	const refused = "reload failed, the old configuration stays in force: "
	for text, want := range map[string]string{
		configOfHub("http://127.0.0.1:1", "  sight: codfw\n"):                                                    ":4: registries[0].sight: unknown key: must be one of: access_log, ",
		configOfHub("http://127.0.0.1:1", "  http:\n    basic_auth: {username: monitor, password_file: none}\n"): ":5: registries[0].http.basic_auth.password_file: ",
		"": ":1: the file is empty: list at least one registry under registries",
	} {
		if status, body := reload(text); status != http.StatusInternalServerError || !strings.HasPrefix(body, refused+file+want) {
			t.Errorf("%d %s\nwant %s", status, body, refused+file+want)
		}
		wantState("bad file", "site: eqiad\n", 0)
	}
	if at := testutil.ToFloat64(e.reloadTime); at != 1 {
		t.Errorf("the time of the last good load has changed to %v", at)
	}
	reload(configOfHub("http://127.0.0.1:1", "  site: codfw\n"))
	wantState("repaired", "site: codfw\n", 1)
	if at := testutil.ToFloat64(e.reloadTime); time.Since(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("the time of the last good load is %v", at)
	}
}

// A scrape goes on with the sources it began with.
func TestReloadDuringAScrape(t *testing.T) {
	upstream, asked, _ := startHung(t)
	e := newTestExporter(t, configOfHub(upstream, ""))
	page := make(chan string)
	go func() {
		_, text := ask(t, e.ServeMetrics, "/metrics", timeoutHeader, "1")
		page <- text
	}()
	waitUntil(t, "the scrape is under way", func() bool { return asked.Load() == 1 })
	if err := os.WriteFile(e.opts.ConfigFile, []byte(configOfHub("http://127.0.0.1:1", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	wantLines(t, <-page, `registry_api_up{endpoint="`+strings.TrimPrefix(upstream, "http://")+`",registry="hub",role="front"} 0`)
}

// What the file names must be there when it is loaded, not only when it is needed.
func TestFilesThatAreMissingOrWrongAtLoad(t *testing.T) {
	noCA := tempFile(t, "no-ca.pem", []byte("this is no certificate"))
	for name, c := range map[string]struct{ more, want string }{
		"ca_file missing":              {"  http:\n    tls_config:\n      ca_file: none.pem\n", ":6: registries[0].http.tls_config"},
		"ca_file is no CA":             {"  http:\n    tls_config:\n      ca_file: " + noCA + "\n", ":6: registries[0].http.tls_config"},
		"cert_file missing":            {"  http:\n    tls_config: {cert_file: none.pem, key_file: none.key}\n", ":5: registries[0].http.tls_config"},
		"password_file missing":        {"  http:\n    basic_auth:\n      username: monitor\n      password_file: none\n", ":7: registries[0].http.basic_auth.password_file: "},
		"username_file missing":        {"  http:\n    basic_auth:\n      username_file: none\n      password: right-password\n", ":6: registries[0].http.basic_auth.username_file: "},
		"credentials_file missing":     {"  http:\n    authorization:\n      credentials_file: none\n", ":6: registries[0].http.authorization.credentials_file: "},
		"client_secret_file missing":   {"  http:\n    oauth2: {client_id: a, token_url: 'http://127.0.0.1:1', client_secret_file: none}\n", ":5: registries[0].http.oauth2.client_secret_file: "},
		"file of a header missing":     {"  http:\n    http_headers: {X-Key: {files: [none]}}\n", ":5: registries[0].http.http_headers.X-Key.files"},
		"msr: password_file missing":   {"  msr:\n    http:\n      basic_auth: {username: admin, password_file: none}\n", ":6: registries[0].msr.http.basic_auth.password_file: "},
		"nginx: ca_file missing":       {"  nginx:\n    urls: [https://127.0.0.1:1/nginx_status]\n    http: {tls_config: {ca_file: none}}\n", ":6: registries[0].nginx.http.tls_config"},
		"debug: ca_file missing":       {"  debug:\n    urls: [https://127.0.0.1:1]\n    http: {tls_config: {ca_file: none}}\n", ":6: registries[0].debug.http.tls_config"},
		"swift: key_file missing":      {"  swift:\n    auth_url: http://127.0.0.1:1/auth/v1.0\n    username: a\n    container: b\n    key_file: none\n", ":8: registries[0].swift.key_file: "},
		"swift: ca_file missing":       {"  swift:\n    auth_url: http://127.0.0.1:1/auth/v1.0\n    username: a\n    container: b\n    key: keykeykey\n    tls_config: {ca_file: none}\n", ":9: registries[0].swift.tls_config"},
		"redis: password_file missing": {"  redis:\n    addr: 127.0.0.1:1\n    password_file: none\n", ":6: registries[0].redis.password_file: "},
		"redis: ca_file missing":       {"  redis:\n    addr: 127.0.0.1:1\n    tls_config: {ca_file: none}\n", ":6: registries[0].redis.tls_config"},
	} {
		t.Run(name, func(t *testing.T) {
			file := tempFile(t, "hub.yml", []byte(configOfHub("http://127.0.0.1:1", c.more)))
			_, err := New(Options{ConfigFile: file, Logger: log.NewNopLogger()})
			if err == nil || !strings.HasPrefix(err.Error(), file+c.want) {
				t.Errorf("\n got %v\nwant %s", err, file+c.want)
			}
		})
	}
}

func collectorNames() string {
	var names []string
	for _, c := range collectorTable {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}
