package distribution_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func TestPages(t *testing.T) {
	collectortest.Pages(t, collectortest.Collector{
		Name:    "health",
		Config:  "  debug: {urls: [http://ADDRESS]}\n",
		Answers: map[string]string{"/debug/health": "health"},
	})
}

// healthOf is the page of a debug server.
func healthOf(t *testing.T, answer http.HandlerFunc) collectortest.Found {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	e := collectortest.Hub(t, "http://registry.example.org", "  debug: {urls: ['"+server.URL+"']}\n")
	return collectortest.Scrape(t, e, "health")
}

func TestHealthVeryManyChecksFail(t *testing.T) {
	page := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
		var checks []string
		for i := range 10_000 {
			checks = append(checks, fmt.Sprintf(`"/etc/registry/%d":"file exists"`, i))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "{"+strings.Join(checks, ",")+"}")
	})
	page.WantReason(t, source.ReasonTooLarge)
	page.WantSamples(t, map[string]float64{"registry_health_ok{": 0})
	failing := 0
	for name, value := range page {
		if strings.HasPrefix(name, "registry_health_check_failing{") {
			failing++
			if value != 1 {
				t.Errorf("%s is %v, want 1", name, value)
			}
		}
	}
	if most := source.MaxSamples / 3; failing != most {
		t.Errorf("%d checks fail, want %d", failing, most)
	}
}

func TestHealthEndlessAnswer(t *testing.T) {
	for status, want := range map[int]string{http.StatusOK: source.ReasonTooLarge, http.StatusServiceUnavailable: source.ReasonUnavailable} {
		page := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"storagedriver_swift":"`)
			testserver.WriteEndlessly(w)
		})
		page.WantReason(t, want)
		page.WantSamples(t, map[string]float64{"registry_health_ok{": 0})
	}
}

func TestHealthConnectionBreaksHalfWay(t *testing.T) {
	page := healthOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"storagedriver_swift":"`)
	})
	page.WantReason(t, source.ReasonShortRead)
	page.WantSamples(t, map[string]float64{"registry_health_ok{": 0})
}
