package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// requireStored waits until Prometheus has stored which sources fail, for which reason, and which verdicts are 0. It
// scrapes with a timeout of 2 s: a source that is slower has reason timeout.
func (s *Stack) requireStored(t *testing.T, f Fault) {
	t.Helper()
	selector := `{registry!=""}`
	if f.Asks != "" {
		name, site, _ := strings.Cut(f.Asks, "@")
		selector = fmt.Sprintf(`{registry=%q,site=%q}`, name, site)
	}
	var fails, bad []string
	for end := time.Now().Add(time.Minute + probeTime); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		fails, bad = s.stored(t, selector)
		fails, bad = f.steady(fails), f.steady(bad)
		if slices.EqualFunc(fails, slices.Sorted(slices.Values(f.Fails)), sameOrLate) && slices.Equal(bad, slices.Sorted(slices.Values(f.Bad))) {
			return
		}
	}
	t.Errorf("what Prometheus stored:\n  fails %q\n  want  %q\n  bad   %q\n  want  %q", fails, f.Fails, bad, f.Bad)
}

func (s *Stack) stored(t *testing.T, selector string) (fails, bad []string) {
	t.Helper()
	samples, err := s.query("registry_collector_failure" + selector)
	must(t, err)
	for _, labels := range samples {
		fails = append(fails, fmt.Sprintf("%s %s: %s", labels["collector"], s.program(labels["address"]), labels["reason"]))
	}
	for _, name := range verdicts {
		samples, err := s.query(name + selector + " == 0")
		must(t, err)
		for _, labels := range samples {
			bad = append(bad, strings.TrimPrefix(name, "registry_")+" "+s.program(labels["address"]))
		}
	}
	slices.Sort(fails)
	slices.Sort(bad)
	return fails, bad
}

// sameOrLate says whether a stored failure is the one that is wanted, or the same with reason timeout.
func sameOrLate(got, want string) bool {
	return got == want || got == strings.TrimSuffix(want, reasonOf(want))+"timeout"
}

// reasonOf returns the last word of a failure.
func reasonOf(line string) string { return line[strings.LastIndexByte(line, ' ')+1:] }
