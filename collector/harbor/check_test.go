package harbor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/harbor/fakeharbor"
)

// asClient are the lines of a registry whose login and pushes are tried, too.
const asClient = withAccount + "  http: {basic_auth: {username: '" + fakeharbor.User + "', password: " + fakeharbor.Password + "}}\n  push: {repository: monitoring/canary}\n"

// TestCheckNamesTheCause: the first sentence about each recorded state names what had been done to that Harbor, and its alert. Some
// recorded states also have what was done before: from jobservice_stopped on a target is down, and from redis_stopped to
// redis_came_back_empty the copies of events that failed were not made good.
func TestCheckNamesTheCause(t *testing.T) {
	for state, want := range map[string]struct{ alert, what string }{
		"healthy":                       {"HarborReplicationFailing", "copies of replication fail, and Harbor does not try them again: to-archive-event (to archive)"},
		"jobservice_stopped":            {"HarborComponentUnhealthy", "Harbor's jobservice is unhealthy, as its /health says. Without jobservice no replication"},
		"redis_stopped":                 {"HarborRedisDown", "Harbor's Redis is down, as its /health says: pushes fail at their first bytes"},
		"postgres_stopped":              {"HarborDatabaseDown", "Harbor has no database, as its /health says: PostgreSQL is down or cannot be reached, so Harbor refuses every password, right ones too"},
		"registry_stopped":              {"HarborRegistryDown", "Harbor's registry (Distribution) is down, as its /health says"},
		"core_stopped":                  {"RegistryDown", "Harbor's front answers, and its core does not"},
		"redis_full":                    {"RegistryPushFails", "{address} fails inside: its log says why"}, // without redis: nothing says more
		"redis_came_back_empty":         {"HarborQueuesLost", "Harbor lists no queues: its Redis has lost its data, and with it every schedule"},
		"read_only":                     {"RegistryReadOnly", "Harbor is read-only: pushes are refused"},
		"queue_paused":                  {"HarborQueuePaused", "an administrator has paused REPLICATION"},
		"gc_running":                    {"HarborComponentUnhealthy", "Harbor's registryctl is unhealthy"},
		"replication_hangs":             {"HarborTargetUnhealthy", "Harbor does not reach dark, with which it replicates"},
		"one_of_two_jobservices_killed": {"HarborTargetUnhealthy", "Harbor does not reach dark"},
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			harbor := fakeharbor.New(state)
			harbor.Live = true
			server := httptest.NewServer(harbor)
			defer server.Close()
			found, err := collectortest.Hub(t, server.URL, asClient).Check(t.Context(), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			if err := found.WriteText(&text, false); err != nil {
				t.Fatal(err)
			}
			first := found.First
			if first == nil {
				t.Fatalf("nothing is wrong:\n%s", &text)
			}
			if first.Alert != want.alert || !strings.HasPrefix(first.What, strings.ReplaceAll(want.what, "{address}", server.Listener.Addr().String())) {
				t.Errorf("first is %s: %s\nwant %s: %s\n%s", first.Alert, first.What, want.alert, want.what, &text)
			}
			for _, f := range found.Registries[0].Findings {
				if f.Alert == "RegistryExporterCannotLook" {
					t.Errorf("our account is blamed: %s", f.What)
				}
			}
		})
	}
}

// TestCheckOfAHarborThatHangs: its database or its Redis hangs, and nothing is answered.
func TestCheckOfAHarborThatHangs(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer server.Close()
	defer close(done)
	start := time.Now()
	found, err := collectortest.Hub(t, server.URL, "  timeout: 2s\n  harbor: {http: {basic_auth: {username: u, password: passpass}}}\n").Check(t.Context(), []string{"hub"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := found.First; f == nil || f.Alert != "RegistryDown" || !strings.HasPrefix(f.What, "Harbor does not answer /health, which it does even without its database") {
		t.Errorf("after %s: %+v", time.Since(start), f)
	}
}
