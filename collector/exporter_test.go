package collector

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// newTestExporter makes an exporter with the given configuration. It stops with the test.
func newTestExporter(t testing.TB, text string) *Exporter {
	t.Helper()
	e, err := New(Options{
		ConfigFile:  testserver.TempFile(t, "registry_exporter.yml", []byte(text)),
		ExternalURL: "http://exporter.example.org:10500", Registries: true, Logger: log.NewNopLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// configOfHub returns the configuration of a registry hub at url. more are lines of the registry.
func configOfHub(url, more string) string {
	return "registries:\n- name: hub\n  url: " + url + "\n" + more
}

func exporterOfHub(t testing.TB, url, more string) *Exporter {
	t.Helper()
	return newTestExporter(t, configOfHub(url, more))
}

// startHealthy starts a registry that answers /v2/.
func startHealthy(t *testing.T) (url, address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(testserver.OpenRegistry))
	t.Cleanup(server.Close)
	return server.URL, server.Listener.Addr().String()
}

var testUp = source.Gauge("registry_test_up", "A down sample.", "address")

// testSource makes a source that reads for at most 10 s.
func testSource(read func(context.Context) ([]source.Sample, error)) *source.Source {
	return &source.Source{
		Collector: "test", Address: "a", Timeout: 10 * time.Second,
		Down: []source.Sample{testUp.Sample(0, "a")}, Read: read,
	}
}

// first returns the first source of a collector.
func (r *target) first(t *testing.T, collector string) *source.Source {
	t.Helper()
	for _, s := range r.sources {
		if s.Collector == collector {
			return s
		}
	}
	t.Fatalf("%s has no source of %s", r.instance(), collector)
	return nil
}
