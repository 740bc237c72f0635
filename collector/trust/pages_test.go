package trust_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/testserver"
	"registry_exporter/collector/trust/fakenotary"
)

const (
	nginx     = "msr.example.org/library/nginx"
	wordpress = "msr.example.org/library/wordpress"
	everyTwo  = "trust: {url: ADDRESS, every: 2s}"
)

// TestPages: the first run finds what was published before; what then comes is counted.
func TestPages(t *testing.T) {
	for _, c := range []struct {
		name, config string
		server       func(*fakenotary.Server)
		then         func(*fakenotary.Server)
		shows        string // on the page once the second run has ended; empty: the page of the first run
	}{
		{name: "empty_feed", config: everyTwo, server: func(*fakenotary.Server) {}},
		{name: "nothing_new", config: everyTwo, server: func(s *fakenotary.Server) { s.Publish(nginx, "update") }},
		{
			name: "changes", config: everyTwo, server: func(s *fakenotary.Server) { s.Publish(nginx, "update") },
			then: func(s *fakenotary.Server) {
				s.Publish(nginx, "update")
				s.Publish(wordpress, "update")
				s.Publish(wordpress, "deletion")
				s.Publish("elsewhere.example.org/app", "renamed")
			},
			shows: `category="other",registry="hub"} 1`,
		},
		{
			name: "one_repository_by_name", config: "trust: {url: ADDRESS, every: 2s, repositories: {max: 1}}", server: func(*fakenotary.Server) {},
			then: func(s *fakenotary.Server) {
				s.Publish(nginx, "update")
				s.Publish(nginx, "deletion")
				s.Publish(wordpress, "deletion")
			},
			shows: `category="deletion",registry="hub"} 2`,
		},
		{name: "refused", config: everyTwo, server: func(s *fakenotary.Server) { s.Password = "another" }},
		{name: "no_notary", config: everyTwo, server: func(s *fakenotary.Server) {
			s.Instead = func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true }
		}},
		{name: "another_page", config: everyTwo, server: func(s *fakenotary.Server) {
			s.Instead = func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write([]byte("<html>Log in</html>"))
				return true
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := fakenotary.Start(t)
			c.server(server)
			e := collectortest.New(t, server.Config(c.config))
			collectortest.RunProbe(t, e, "trust")
			if c.then != nil {
				c.then(server)
				e.Start()
				defer e.StopProbes()
				testserver.WaitUntil(t, "the changes are counted", func() bool {
					_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=trust")
					return strings.Contains(page, c.shows)
				})
			}
			collectortest.ComparePage(t, filepath.Join("testdata", "trust", c.name), pageOf(t, e, server))
		})
	}
	t.Run("before_the_first_run", func(t *testing.T) {
		server := fakenotary.Start(t)
		e := collectortest.New(t, server.Config(everyTwo))
		collectortest.ComparePage(t, filepath.Join("testdata", "trust", "before_the_first_run"), pageOf(t, e, server))
	})
}

// pageOf returns the page. The time of the run, which must be within the last minute, becomes 0.
func pageOf(t *testing.T, e *collector.Exporter, server *fakenotary.Server) prometheus.Gatherer {
	t.Helper()
	page := collectortest.Page(t, e, "trust", map[string]string{server.Listener.Addr().String(): "notary.example.org:4443"})
	families, err := page.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "registry_trust_last_run_timestamp_seconds" {
			continue
		}
		for _, m := range f.Metric {
			if age := float64(time.Now().Unix()) - m.Gauge.GetValue(); age < -1 || age > 60 {
				t.Errorf("the run was %v seconds ago", age)
			}
			m.Gauge.Value = new(float64)
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}
