package e2e

import (
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// counters are the values of all counters of real programs, by name and labels.
type counters map[string]counted

type counted struct {
	value   float64
	program string
}

// counters returns the counters of a look. It leaves out those of RethinkDB, whose tables are recordings.
func (s *Stack) counters(l *look) counters {
	all := counters{}
	for _, p := range l.pages {
		for name, f := range p.families {
			if f.GetType() != dto.MetricType_COUNTER || strings.HasPrefix(name, "registry_msr_") {
				continue
			}
			for _, m := range f.Metric {
				all[series(name, m)] = counted{m.GetCounter().GetValue(), s.program(label(m, "address"))}
			}
		}
	}
	return all
}

func series(name string, m *dto.Metric) string {
	for _, l := range m.Label {
		name += " " + l.GetName() + "=" + l.GetValue()
	}
	return name
}

// requireForward fails the test when a counter has become smaller, unless its program was started since.
func (s *Stack) requireForward(t *testing.T, before, after counters, since time.Time) {
	t.Helper()
	for key, was := range before {
		now, found := after[key]
		p := s.processes[was.program]
		restarted := p != nil && p.started.After(since)
		switch {
		case !found:
			t.Errorf("%s is gone", key)
		case now.value < was.value && !restarted:
			t.Errorf("%s went from %v back to %v, and %s was not restarted", key, was.value, now.value, was.program)
		}
	}
}
