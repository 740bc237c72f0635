package swift_test

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
	"registry_exporter/collector/swift/fakeswift"
)

func TestPages(t *testing.T) {
	collectortest.Pages(t, collectortest.Collector{
		Name:    "swift",
		Config:  "  swift: {auth_url: http://ADDRESS/auth/v1.0, username: docker:registry, key: keykeykey, container: registry}\n",
		Answers: map[string]string{"/auth/v1.0": "auth", "/v1/AUTH_docker/registry": "container"},
	})
}

func TestCountPages(t *testing.T) {
	for _, c := range []struct {
		name   string
		server func(*fakeswift.Server)
	}{
		{"healthy", func(*fakeswift.Server) {}},
		{"one_object_a_page", func(s *fakeswift.Server) { s.Objects.PageSize = 1 }},
		{"container_servers_dead", func(s *fakeswift.Server) { s.Objects.Instead["LIST"] = fakeswift.Dead }},
		{"one_prefix_fails", func(s *fakeswift.Server) {
			s.Objects.Instead["LIST"] = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("prefix") == "files/" {
					fakeswift.Dead(w, r)
					return
				}
				s.Objects.List(w, r)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := fakeswift.Start(t)
			c.server(server)
			e := collectortest.New(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {every: 5s, prefixes: [files/, segments/, nothing/]}"))
			collectortest.RunProbe(t, e, "swift_count")
			collectortest.ComparePage(t, filepath.Join("testdata", "swift_count", c.name), pageOf(t, e, server, "swift_count"))
		})
	}
}

func TestProbePages(t *testing.T) {
	const readAndWrite = "auth_url: ADDRESS/auth/v1.0, probe: {every: 5s, container: monitoring}"
	const onlyRead = "auth_url: ADDRESS/auth/v1.0, probe: {every: 5s}"
	for _, c := range []struct {
		name, config string
		server       func(*fakeswift.Server)
	}{
		{"healthy", readAndWrite, func(*fakeswift.Server) {}},
		{"without_a_container", onlyRead, func(*fakeswift.Server) {}},
		{"object_servers_dead", readAndWrite, func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"], s.Objects.Instead["GET"], s.Objects.Instead["DELETE"] = fakeswift.Dead, fakeswift.Dead, fakeswift.Dead
		}},
		{"store_full", readAndWrite, func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"] = fakeswift.Answer(http.StatusInsufficientStorage, "")
		}},
		{"no_right_to_write", readAndWrite, func(s *fakeswift.Server) {
			s.Objects.Instead["PUT"] = fakeswift.Answer(http.StatusForbidden, "")
		}},
		{"wrong_key", readAndWrite, func(s *fakeswift.Server) { s.Key = "another key" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := fakeswift.Start(t)
			c.server(server)
			e := collectortest.New(t, server.Config(c.config))
			collectortest.RunProbe(t, e, "swift_probe")
			collectortest.ComparePage(t, filepath.Join("testdata", "swift_probe", c.name), pageOf(t, e, server, "swift_probe"))
		})
	}
	t.Run("before_the_first_run", func(t *testing.T) {
		server := fakeswift.Start(t)
		e := collectortest.New(t, server.Config(readAndWrite))
		collectortest.ComparePage(t, filepath.Join("testdata", "swift_probe", "before_the_first_run"), pageOf(t, e, server, "swift_probe"))
	})
}

// pageOf returns the page of a collector. The times of runs, which must be within the last minute, become 0.
func pageOf(t *testing.T, e *collector.Exporter, server *fakeswift.Server, collector string) prometheus.Gatherer {
	t.Helper()
	page := collectortest.Page(t, e, collector, map[string]string{server.Listener.Addr().String(): "swift.example.org:8080"})
	families, err := page.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasSuffix(f.GetName(), "_timestamp_seconds") {
			continue
		}
		for _, m := range f.Metric {
			if age := float64(time.Now().Unix()) - m.Gauge.GetValue(); age < 0 || age > 60 {
				t.Errorf("%s is %v seconds ago", f.GetName(), age)
			}
			m.Gauge.Value = new(float64)
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}
