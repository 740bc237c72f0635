package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// deliveryTime is what an alert may take besides its `for`, and what its end may take: two evaluations, a scrape or two,
	// grouping, and what a busy machine adds; the end of an inhibitor also its `keep_firing_for`.
	deliveryTime = 2 * time.Minute
	// quietTime is how long nothing may change before a state counts: three evaluations.
	quietTime = 6 * time.Second
)

// requireAlerts waits until people were told of exactly the alerts of a fault, with its reason, and Prometheus raises no
// others.
func (s *Stack) requireAlerts(t *testing.T, f Fault, began time.Time) {
	t.Helper()
	wantDelivered := slices.Sorted(slices.Values(f.Alerts))
	wantRaised := slices.Clone(f.Silenced)
	for _, a := range f.Alerts {
		_, name, _ := strings.Cut(a, " ")
		wantRaised = append(wantRaised, name)
	}
	slices.Sort(wantRaised)
	wantRaised = slices.Compact(wantRaised)
	end := time.Now().Add(s.slowest(t, wantRaised) + deliveryTime)
	var since time.Time // that all is as it should be
	for ; ; time.Sleep(500 * time.Millisecond) {
		delivered := s.inbox.delivered()
		rules, err := s.rules()
		must(t, err)
		got := slices.Sorted(maps.Keys(delivered))
		raised := slices.DeleteFunc(raisedBy(rules), func(a string) bool {
			return slices.Contains(f.Maybe, a) || ofTraffic(a) && !slices.Contains(wantRaised, a)
		})
		switch right := slices.Equal(got, wantDelivered) && slices.Equal(raised, wantRaised); {
		case right && since.IsZero():
			since = time.Now()
		case right && time.Since(since) > quietTime:
			for _, name := range got {
				n := delivered[name]
				fmt.Printf("    %5.1fs  %-45s %s\n", n.at.Sub(began).Seconds(), name, n.text())
				requireReason(t, f, name, n.text())
			}
			s.requireWords(t, f, delivered)
			return
		case !right:
			since = time.Time{}
		}
		if time.Now().After(end) && since.IsZero() {
			t.Errorf("in time:\n  told   %q\n  want   %q\n  raised %q\n  want   %q", got, wantDelivered, raised, wantRaised)
			return
		}
	}
}

// ofTraffic says whether an alert is about the access log of the hub. It depends on the requests of clients during the
// fault whether Prometheus raises one. People must not be told of it.
func ofTraffic(alert string) bool {
	name, _, _ := strings.Cut(alert, " ")
	return slices.Contains([]string{"RegistryServerErrors", "RegistryManyServerErrors", "RegistryEmptyPulls"}, name)
}

// slowest returns the longest `for` of the alerts.
func (s *Stack) slowest(t *testing.T, names []string) (longest time.Duration) {
	t.Helper()
	rules, err := s.rules()
	must(t, err)
	for _, r := range rules {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, r.Name+" ") }) {
			longest = max(longest, time.Duration(r.Duration*float64(time.Second)))
		}
	}
	return longest
}

// withReason are the alerts whose texts have the reason of a failure.
var withReason = []string{"RegistryDown", "RegistryStorageDown", "RegistryCacheDown", "RegistryExporterCannotLook", "MSRClusterStatusFails", "RegistryPullFails", "RegistryPushFails", "RegistryStorageReadOnly"}

// requireReason fails the test unless the text of an alert with a reason has one of the fault's. For a registry that the
// fault does not list, the reasons are not known.
func requireReason(t *testing.T, f Fault, name, description string) {
	t.Helper()
	alert, registry, _ := strings.Cut(strings.Join(strings.Fields(name)[1:], " "), " ")
	if len(f.Fails) == 0 || !slices.Contains(withReason, alert) || f.Asks != "" && f.Asks != registry {
		return
	}
	if !slices.ContainsFunc(f.Fails, func(line string) bool { return strings.Contains(description, reasonOf(line)) }) {
		t.Errorf("%s gives none of the reasons in %q: %s", name, f.Fails, description)
	}
}

// requireNothingElse compares everything that people were told in the whole run with the alerts of the faults.
func (s *Stack) requireNothingElse(t *testing.T, ran []Fault) {
	t.Helper()
	for _, told := range s.inbox.everything() {
		if !slices.ContainsFunc(ran, func(f Fault) bool { return slices.Contains(f.Alerts, told) }) {
			t.Errorf("people were told of %q, which no fault explains", told)
		}
	}
}
