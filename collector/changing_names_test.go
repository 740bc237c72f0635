package collector

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/testserver"
)

// changingNames returns {"zz-known":VALUE} and, after the first call, 1,400 more keys that are new each time.
func changingNames(calls *atomic.Int64, value string) string {
	call := calls.Add(1)
	all := []string{`"zz-known":` + value}
	for i := range 1400 * min(call-1, 1) {
		all = append(all, fmt.Sprintf(`"0-%d-%d":%s`, call, i, value))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestAnswersWithNewNamesEachTimeMakeNoSeriesWithoutEnd(t *testing.T) {
	var statuses, healths atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v0/meta/cluster_status":
			fmt.Fprint(w, `{"replica_health":`, changingNames(&statuses, `"OK"`), `,"rethink_system_tables":{},"replica_timestamp":{},"replica_readonly":{},"gc_lock_holder":""}`)
		case "/debug/health":
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, changingNames(&healths, `"fails"`))
		}
	}))
	t.Cleanup(server.Close)
	e := exporterOfHub(t, server.URL, "  msr: {}\n  debug: {urls: ['"+server.URL+"']}\n")
	series := map[string]bool{}
	for round := range 6 {
		if round == 3 {
			if err := e.Reload(); err != nil {
				t.Fatal(err)
			}
		}
		_, page := testserver.Ask(t, e.ServeMetrics, "/metrics")
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "registry_msr_replica_health{") || strings.HasPrefix(line, "registry_health_check_failing{") {
				series[line[:strings.LastIndex(line, " ")]] = true
			}
		}
		for collector, known := range map[string]string{"msr": `,replica="zz-known"} 1`, "health": `,check="zz-known",kind="file",registry="hub"} 1`} {
			if !strings.Contains(page, known) {
				t.Errorf("round %d: %s does not show what it knew before", round, collector)
			}
			if told := strings.Contains(page, `collector="`+collector+`",reason="too_large"`); told != (round > 0) {
				t.Errorf("round %d: it is told that %s names too much: %t", round, collector, told)
			}
		}
	}
	if n := len(series); n != 1000 {
		t.Errorf("%d series, want 500 for each of the two answers", n)
	}
}
