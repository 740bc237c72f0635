package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/dashboards"
)

// notThere are the metrics of systems that the stack does not have: a Harbor, a Notary, an MSR with jobs and mirrors, webhooks,
// an own log.
var notThere = []string{
	"registry_harbor_", "registry_trust_", "registry_msr_mirror", "registry_msr_repository_", "registry_msr_job", "registry_msr_worker", "registry_msr_scanner_", "registry_msr_cron_",
	"registry_webhook_", "registry_pull_through_", "registry_log_", "registry:log_",
}

// TestDashboards asks the real Prometheus what each panel asks: while all is well every one must have data,
// but those that are there to show what is broken.
func TestDashboards(t *testing.T) {
	queries, err := dashboards.Queries()
	must(t, err)
	stack.requireHealthy(t, time.Now().Add(time.Minute))
	must(t, stack.askAlso("x-mirror@eqiad", "x-mirror@codfw")) // which has a canary, and counts
	defer func() { must(t, stack.askAlso()) }()
	must(t, stack.awaitCanary())
	stack.pushUntilTaken(t, "small", "front-good", "library/pushed:1.0")
	stack.pullUntilCounted(t)
	for _, q := range queries {
		if q.WhileBroken || slices.ContainsFunc(notThere, func(name string) bool { return strings.Contains(q.Expr, name) }) {
			continue
		}
		t.Run(q.Dashboard+"/"+q.Panel+"/"+q.RefID, func(t *testing.T) {
			for end := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
				found, err := stack.query(q.Expr)
				must(t, err)
				if len(found) > 0 {
					return
				}
				if time.Now().After(end) {
					t.Fatalf("no data: %s", q.Expr)
				}
			}
		})
	}
}

// pushUntilTaken pushes an image, again where the front gives up on a store that a busy machine makes slow.
func (s *Stack) pushUntilTaken(t *testing.T, image, registry, reference string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		err := s.push(image, registry, reference)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// pullUntilCounted pulls as a client does, since the exporter's own pulls are left out of what clients got, until a counter of
// seconds has grown from one scrape to another: nginx logs 0.000 s for many a small layer.
func (s *Stack) pullUntilCounted(t *testing.T) {
	t.Helper()
	var late error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		late = s.pull("front-good", "library/pushed:1.0")
		found, err := s.query(`increase(registry_access_transfer_seconds_total{direction="out"}[1h]) > 0`)
		must(t, err)
		if len(found) > 0 {
			return
		}
	}
	t.Fatalf("the pulls of a client are not counted; the last one: %v", late)
}
