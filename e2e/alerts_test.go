package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// alertTime is how long the slowest alert that the tests wait for may take: its `for`, scrapes, evaluations and grouping.
const alertTime = 130 * time.Second

// requireAlerts waits until people have been told of exactly the alerts of a fault, with its reason, and until
// Prometheus has raised those and no others.
func (s *Stack) requireAlerts(t *testing.T, f Fault) {
	t.Helper()
	began := time.Now()
	wantDelivered := slices.Sorted(slices.Values(f.Alerts))
	wantRaised := slices.Clone(f.Silenced)
	for _, a := range f.Alerts {
		_, name, _ := strings.Cut(a, " ")
		wantRaised = append(wantRaised, name)
	}
	slices.Sort(wantRaised)
	wantRaised = slices.Compact(wantRaised)
	for {
		delivered := s.inbox.delivered()
		raised, err := s.raised()
		must(t, err)
		got := slices.Sorted(maps.Keys(delivered))
		raised = slices.DeleteFunc(raised, func(a string) bool { return slices.Contains(f.Maybe, a) })
		if slices.Equal(got, wantDelivered) && slices.Equal(raised, wantRaised) {
			for _, name := range got {
				n := delivered[name]
				fmt.Printf("    %5.1fs  %-45s %s\n", n.at.Sub(began).Seconds(), name, n.description)
			}
			return
		}
		if time.Since(began) > alertTime {
			t.Errorf("after %s:\n  told   %q\n  want   %q\n  raised %q\n  want   %q", alertTime, got, wantDelivered, raised, wantRaised)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}
