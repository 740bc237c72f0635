package harbor_test

import (
	"flag"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/harbor/fakeharbor"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// withAccount are the lines of a registry whose Harbor is asked with the account that it lets in.
const withAccount = "  harbor: {http: {basic_auth: {username: '" + fakeharbor.User + "', password: " + fakeharbor.Password + "}}}\n"

// start starts a Harbor, and an exporter that asks it.
func start(t *testing.T, state, lines string) (*collector.Exporter, *httptest.Server, *fakeharbor.Server) {
	t.Helper()
	harbor := fakeharbor.New(state)
	server := httptest.NewServer(harbor)
	t.Cleanup(server.Close)
	return collectortest.Hub(t, server.URL, lines), server, harbor
}

// pageOf reads a collector. The time of the last run becomes 0.
func pageOf(t *testing.T, e *collector.Exporter, server *httptest.Server, name string) prometheus.Gatherer {
	t.Helper()
	page := collectortest.Page(t, e, name, map[string]string{server.Listener.Addr().String(): "hub.example.org:80"})
	families, _ := page.Gather()
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "registry_harbor_jobs_last_run_timestamp_seconds" {
				m.Gauge.Value = new(float64)
			}
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}

// TestPages: a page for each state in which a real Harbor was recorded.
func TestPages(t *testing.T) {
	for _, state := range fakeharbor.States() {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			e, server, _ := start(t, state, withAccount)
			collectortest.ComparePage(t, filepath.Join("testdata", "harbor", state), pageOf(t, e, server, "harbor"))
			collectortest.RunProbe(t, e, "harbor_jobs")
			collectortest.ComparePage(t, filepath.Join("testdata", "harbor_jobs", state), pageOf(t, e, server, "harbor_jobs"))
		})
	}
}

// TestWithoutAccount: /health alone is asked where there are no credentials.
func TestWithoutAccount(t *testing.T) {
	t.Parallel()
	e, server, harbor := start(t, "healthy", "  harbor:\n")
	collectortest.ComparePage(t, filepath.Join("testdata", "harbor", "without_account"), pageOf(t, e, server, "harbor"))
	if asked := harbor.Asked(); len(asked) > 0 {
		t.Errorf("asked with credentials: %q", asked)
	}
}
