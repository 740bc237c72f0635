package collector

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

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
	e := exporterOfHub(t, "http://127.0.0.1:1", "")
	const want = "X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds above 0\n"
	for _, header := range []string{"ten", "10s", "0", "-1", "-0", "NaN", "Inf", "+Inf", "1e300", "1e400", " "} {
		for name, handler := range map[string]http.HandlerFunc{"/metrics": e.ServeMetrics, "/probe?registry=hub": e.ServeProbe} {
			if status, body := testserver.Ask(t, handler, name, timeoutHeader, header); status != http.StatusBadRequest || body != want {
				t.Errorf("%s with %q: %d %s", name, header, status, body)
			}
		}
	}
}

// A source that ends with its scrape, and one that goes on after it, do not make a page late.
func TestPageArrivesBeforePrometheusGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		read func(context.Context) ([]source.Sample, error)
		took time.Duration
	}{
		"ends":    {func(ctx context.Context) ([]source.Sample, error) { <-ctx.Done(); return nil, ctx.Err() }, 750 * time.Millisecond},
		"goes on": {func(context.Context) ([]source.Sample, error) { time.Sleep(time.Minute); return nil, nil }, 825 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := exporterOfHub(t, "http://127.0.0.1:1", "")
			e.live.Load().registries[0].sources = []*source.Source{testSource(c.read)}
			start := time.Now()
			status, page := testserver.Ask(t, e.ServeMetrics, "/metrics", timeoutHeader, "1")
			if took := time.Since(start); status != http.StatusOK || took != c.took || !strings.Contains(page, `reason="timeout"`) {
				t.Errorf("%s: %d after %s, want %s\n%s", name, status, took, c.took, page)
			}
			time.Sleep(time.Hour) // so that it ends as well
		})
	}
}

func TestPageTellsWhatIsKnownByThen(t *testing.T) {
	t.Parallel()
	hung, asked, _ := startHung(t)
	good, healthy := startHealthy(t)
	e := newTestExporter(t, configOfHub(hung, "  timeout: 1m\n")+"- name: other\n  url: "+good+"\n")
	start := time.Now()
	status, page := testserver.Ask(t, e.ServeMetrics, "/metrics", timeoutHeader, "4")
	if took := time.Since(start); status != http.StatusOK || took < 3400*time.Millisecond || took > 30*time.Second {
		t.Errorf("%d after %s", status, took)
	}
	address := strings.TrimPrefix(hung, "http://")
	testserver.WantLines(t, page,
		`registry_api_up{address="`+address+`",registry="hub",role="front"} 0`,
		`registry_collector_success{address="`+address+`",collector="api",registry="hub"} 0`,
		`registry_collector_failure{address="`+address+`",collector="api",reason="timeout",registry="hub"} 1`,
		`registry_api_up{address="`+healthy+`",registry="other",role="front"} 1`,
		`registry_collector_success{address="`+healthy+`",collector="api",registry="other"} 1`)
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestSeveralPrometheisShareOneRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		answer := make(chan struct{})
		e := exporterOfHub(t, "http://127.0.0.1:1", "")
		e.live.Load().registries[0].sources = []*source.Source{testSource(func(context.Context) ([]source.Sample, error) {
			reads.Add(1)
			<-answer
			return []source.Sample{testUp.Sample(1, "a")}, nil
		})}
		var group sync.WaitGroup
		for i := range 6 {
			target, handler := "/metrics", e.ServeMetrics
			if i%2 == 0 {
				target, handler = "/probe?registry=hub", e.ServeProbe
			}
			group.Go(func() {
				_, page := testserver.Ask(t, handler, target, timeoutHeader, "10")
				testserver.WantLines(t, page, `registry_test_up{address="a",registry="hub"} 1`)
			})
		}
		synctest.Wait() // until all six wait for the answer
		close(answer)
		group.Wait()
		if reads.Load() != 1 {
			t.Errorf("it was read %d times", reads.Load())
		}
	})
}

// The registry is asked once, however many clients come and go until it has answered or its time is over.
func TestClientsThatHangUp(t *testing.T) {
	upstream, asked, hungUp := startHung(t)
	e := exporterOfHub(t, upstream, "  timeout: 3s\n")
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
	testserver.WaitUntil(t, "both scrapes are under way", func() bool { return e.scrapes.Load() == 2 && asked.Load() == 1 })
	first()
	testserver.WaitUntil(t, "the first scrape ends", func() bool { return e.scrapes.Load() == 1 })
	if hungUp.Load() != 0 {
		t.Error("the second scrape lost its reading")
	}
	second()
	testserver.WaitUntil(t, "the second scrape ends", func() bool { return e.scrapes.Load() == 0 })
	if hungUp.Load() != 0 {
		t.Error("the reading ended with its last client: each one that hangs up costs another")
	}
	testserver.WaitUntil(t, "the time of the reading is over", func() bool { return hungUp.Load() == 1 })
	if asked.Load() != 1 {
		t.Errorf("upstream was asked %d times", asked.Load())
	}
}

func TestTooManyScrapesAtOnce(t *testing.T) {
	upstream, _, _ := startHung(t)
	e := exporterOfHub(t, upstream, "")
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			if status, _ := testserver.Ask(t, from(fmt.Sprintf("192.0.2.%d:1", i%2), e.ServeProbe), "/probe?registry=hub", timeoutHeader, "20"); status != http.StatusOK {
				t.Error(status)
			}
		})
	}
	testserver.WaitUntil(t, "40 scrapes are under way", func() bool { return e.scrapes.Load() == 40 })
	for name, handler := range map[string]http.HandlerFunc{"/metrics": e.ServeMetrics, "/probe?registry=hub": e.ServeProbe} {
		if status, body := testserver.Ask(t, handler, name); status != http.StatusServiceUnavailable || body != "too many scrapes at once\n" {
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

// from is the handler as a client with this address finds it.
func from(address string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = address
		handler(w, r)
	}
}

func TestOneClientLeavesPlacesToOthers(t *testing.T) {
	upstream, _, _ := startHung(t)
	e := exporterOfHub(t, upstream, "")
	var group sync.WaitGroup
	var rejected atomic.Int64
	for i := range 60 { // ports differ, and the ends of an IPv6 address
		group.Go(func() {
			if status, _ := testserver.Ask(t, from(fmt.Sprintf("[2001:db8::%x]:%d", i, i+1), e.ServeProbe), "/probe?registry=hub", timeoutHeader, "20"); status == http.StatusServiceUnavailable {
				rejected.Add(1)
			}
		})
	}
	testserver.WaitUntil(t, "30 scrapes are under way", func() bool { return e.scrapes.Load() == 30 && rejected.Load() == 30 })
	for _, address := range []string{"[2001:db8:0:1::1]:1", "192.0.2.1:1", "@"} {
		group.Go(func() {
			if status, _ := testserver.Ask(t, from(address, e.ServeProbe), "/probe?registry=hub", timeoutHeader, "20"); status != http.StatusOK {
				t.Errorf("%s is shut out: %d", address, status)
			}
		})
	}
	testserver.WaitUntil(t, "others are let in", func() bool { return e.scrapes.Load() == 33 })
	e.Stop()
	group.Wait()
	if n := len(e.clients.scrapes); n != 0 {
		t.Errorf("%d clients are remembered", n)
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
	if status, _ := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub7"); status != http.StatusOK {
		t.Errorf("the 80th scrape: %d", status)
	}
	e.scrapes.Store(80)
	if status, _ := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub7"); status != http.StatusServiceUnavailable {
		t.Errorf("the 81st scrape: %d", status)
	}
}

// startHung starts a server that accepts connections and never answers. It counts those who ask and those who hang up.
func startHung(t *testing.T) (url string, asked, hungUp *atomic.Int64) {
	t.Helper()
	asked, hungUp = &atomic.Int64{}, &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		testserver.Hang(w, r)
		hungUp.Add(1)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked, hungUp
}

// Two Prometheis have the same configuration, and scrape a second apart.
func TestAPairOfPrometheisAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		e := exporterOfHub(t, "http://127.0.0.1:1", "")
		e.opts.MinAge = 5 * time.Second
		e.live.Load().registries[0].sources = []*source.Source{testSource(func(context.Context) ([]source.Sample, error) {
			return []source.Sample{testUp.Sample(float64(reads.Add(1)), "a")}, nil
		})}
		for scrape := range 10 {
			for range 2 {
				_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub", timeoutHeader, "10")
				testserver.WantLines(t, page, fmt.Sprintf(`registry_test_up{address="a",registry="hub"} %d`, scrape+1))
				time.Sleep(time.Second)
			}
			time.Sleep(58 * time.Second)
		}
	})
}
