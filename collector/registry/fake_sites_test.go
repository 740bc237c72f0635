package registry

import (
	"fmt"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// twoSites has a registry at eqiad, which replicates to codfw, and the probe that replicates a canary.
type twoSites struct {
	here, there *fakeRegistry
	*collected
	state *canaryState
}

func startSites(t *testing.T, here, there faults, more string) *twoSites {
	t.Helper()
	s := &twoSites{here: startFaulty(t, here), there: startFaulty(t, there)}
	s.restart(t, more)
	return s
}

// restart builds everything anew, as a new process does. more are lines of the other site.
func (s *twoSites) restart(t *testing.T, more string) {
	t.Helper()
	s.collected = collect(t, "replication", "", fmt.Sprintf(
		"registries:\n- name: hub\n  site: eqiad\n  url: %s\n  replication: {canary: monitoring/canary}\n- name: hub\n  site: codfw\n  url: %s\n%s",
		s.here.URL, s.there.URL, more))
	s.check(t, 0)
}

// check makes each run check for the canary after each of these waits.
func (s *twoSites) check(t *testing.T, waits ...time.Duration) {
	t.Helper()
	r, err := newReplication(s.builder(0))
	if err != nil {
		t.Fatal(err)
	}
	r.checks = waits
	s.state = r.state
	s.probe().Run = r.replicate
}

// runOnce does a run, and returns the result after it.
func (s *twoSites) runOnce(t *testing.T) source.Result {
	t.Helper()
	s.once(t.Context())
	return s.last(t)
}

// wait makes everything that was done before older by d.
func (s *twoSites) wait(d time.Duration) {
	s.state.tried, s.state.pushed = s.state.tried.Add(-d), s.state.pushed.Add(-d)
	for _, a := range s.state.sites {
		if !a.since.IsZero() {
			a.since = a.since.Add(-d)
		}
	}
}
