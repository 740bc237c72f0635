package source

import (
	"slices"
	"time"
)

// A Result is the outcome of one reading, for a page or a report.
type Result struct {
	Source   *Source
	Samples  []Sample
	Last     Run           // of a probe: the run that Samples and Err are from; else empty
	Err      error         // nil: the source could be read; Reason sorts it
	Duration time.Duration // of the reading; of a probe: of its last run

	WorkedBefore bool // it is refused, and was read without an error before, with the same configuration and secrets
}

// Place is the thing that the source asks, from its words; without any it is the address alone.
func (r Result) Place() Place {
	if p := r.Source.Words.Place; p != nil {
		return p(r)
	}
	return PlaceOf(r.Source.Address)
}

// Value is the value of the first sample of a metric. Metrics are compared by name, here and below.
func (r Result) Value(m *Metric) (value float64, found bool) {
	for _, s := range r.Samples {
		if s.Metric.Name == m.Name {
			return s.Value, true
		}
	}
	return 0, false
}

// Lowest is the lowest value of a metric.
func (r Result) Lowest(m *Metric) (value float64, found bool) {
	for _, s := range r.All(m) {
		if !found || s.Value < value {
			value, found = s.Value, true
		}
	}
	return value, found
}

// All are the samples of a metric.
func (r Result) All(m *Metric) []Sample {
	var all []Sample
	for _, s := range r.Samples {
		if s.Metric.Name == m.Name {
			all = append(all, s)
		}
	}
	return all
}

// Where takes the samples of m that have the value, and returns the different values of one of their labels. Such as
// the servers that are down: Where(serverUp, 0, "server").
func (r Result) Where(m *Metric, value float64, label string) []string {
	var values []string
	for _, s := range r.All(m) {
		if s.Value == value && !slices.Contains(values, s.Label(label)) {
			values = append(values, s.Label(label))
		}
	}
	return values
}

// Steps are those of the last run of a probe; nil for another source.
func (r Result) Steps() []Step {
	return r.Last.Steps
}

// FailedAt says whether the step of that name failed in the last run.
func (r Result) FailedAt(name string) bool {
	return slices.ContainsFunc(r.Steps(), func(done Step) bool { return done.Name == name && done.Err != nil })
}
