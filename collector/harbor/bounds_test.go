package harbor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/harbor/fakeharbor"
	"registry_exporter/collector/source"
)

// A large Harbor has 5,000 policies, of which every tenth is enabled and those with a schedule come last, and 20,000 projects.
type large struct {
	requests, bytes atomic.Int64
}

func (l *large) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.requests.Add(1)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	rows := func(total int, row func(int) string) {
		var all []string
		for i := (page - 1) * 100; i < min(page*100, total); i++ {
			all = append(all, row(i))
		}
		n, _ := fmt.Fprint(w, "["+strings.Join(all, ",")+"]")
		l.bytes.Add(int64(n))
	}
	switch strings.TrimPrefix(r.URL.Path, "/api/v2.0/") {
	case "health":
		fmt.Fprint(w, `{"status":"healthy","components":[{"name":"core","status":"healthy"}]}`)
	case "replication/policies":
		rows(5000, func(i int) string {
			trigger := "manual"
			if i >= 4500 {
				trigger = "scheduled"
			}
			return fmt.Sprintf(`{"id":%d,"name":"policy-%d","enabled":%t,"filters":[{"type":"name","value":%q}],"update_time":"2026-11-28T18:14:01.245Z","dest_registry":{"id":2,"name":"target-%d"},"trigger":{"type":%q,"trigger_settings":{"cron":"0 0 0 29 2 *"}}}`,
				i+1, i+1, i%10 == 0, strings.Repeat("library/", 100), i%7, trigger)
		})
	case "replication/executions":
		page = 1
		rows(10, func(i int) string {
			return fmt.Sprintf(`{"id":%d,"status":"Failed","trigger":"scheduled","start_time":"2026-11-28T18:%02d:01Z","end_time":"2026-11-28T18:%02d:02Z","total":1,"failed":1}`, i, 59-i, 59-i)
		})
	case "quotas":
		rows(20_000, func(i int) string {
			return fmt.Sprintf(`{"id":%d,"ref":{"name":"project-%d"},"hard":{"storage":20000},"used":{"storage":%d}}`, i, i, i)
		})
	}
}

// TestLargeHarbor: what a page shows of a large Harbor is bounded, and so is what a run asks for.
func TestLargeHarbor(t *testing.T) {
	l := &large{}
	server := httptest.NewServer(l)
	defer server.Close()
	e := collectortest.Hub(t, server.URL, withAccount)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	collectortest.RunProbe(t, e, "harbor_jobs")
	runtime.ReadMemStats(&after)
	page := collectortest.Scrape(t, e, "harbor_jobs")
	t.Logf("%d requests, %d bytes, %s, %d MB allocated, %d samples", l.requests.Load(), l.bytes.Load(), time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20, len(page))
	page.WantReason(t, "")
	page.WantSamples(t, map[string]float64{"registry_harbor_replication_policies_left_out{": 400})
	count := map[string]int{}
	for name := range page {
		name, _, _ := strings.Cut(name, "{")
		count[name]++
	}
	if n := count["registry_harbor_replication_policy_info"]; n != 100 {
		t.Errorf("%d policies, want 100", n)
	}
	if n := count["registry_harbor_schedule_due_timestamp_seconds"]; n != 50 {
		t.Errorf("%d policies with a schedule, want all 50: they come first", n)
	}
	if n := count["registry_harbor_quota_used_bytes"]; n != 251 {
		t.Errorf("%d projects, want 250 and the others", n)
	}
	page.WantSamples(t, map[string]float64{
		`registry_harbor_quota_used_bytes{project="project-19999"`: 19999,
		`registry_harbor_quota_limit_bytes{project="other"`:        (20_000 - 250) * 20_000,
	})
	if most := int64(1 + 51 + 100 + 201); l.requests.Load() > most {
		t.Errorf("%d requests, want at most %d", l.requests.Load(), most)
	}
}

// TestNoEnd: a list that never ends, and rows without end in one answer, are bounded.
func TestNoEnd(t *testing.T) {
	for _, c := range []struct{ name, collector, path, row string }{
		{"policies", "harbor_jobs", "replication/policies", `{"id":1,"name":"p","enabled":false}`},
		{"quotas", "harbor_jobs", "quotas", `{"ref":{"name":"p"},"hard":{"storage":-1}}`},
		{"queues", "harbor", "jobservice/queues", `{"job_type":"Q"}`},
		{"pools", "harbor", "jobservice/pools", `{"worker_pool_id":"p","concurrency":10}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			healthy := fakeharbor.New("healthy")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v2.0/"+c.path {
					fmt.Fprint(w, "["+strings.Repeat(c.row+",", 99)+c.row+"]")
					return
				}
				healthy.ServeHTTP(w, r)
			}))
			defer server.Close()
			e := collectortest.Hub(t, server.URL, withAccount)
			if c.collector == "harbor_jobs" {
				collectortest.RunProbe(t, e, c.collector)
			}
			collectortest.Scrape(t, e, c.collector).WantReason(t, source.ReasonTooLarge)
		})
	}
}
