package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// Summarize sets Summary and First from the registries of the report.
func (r *Report) Summarize() {
	count := map[source.State]int{}
	sources := 0
	var failed []namedFailure
	for _, reg := range r.Registries {
		sources += len(reg.Sources)
		for _, s := range reg.Sources {
			count[s.State]++
			failed = append(failed, reg.failuresOf(s)...)
		}
		if len(reg.Findings) > 0 && (r.First == nil || reg.Findings[0].order < r.First.order) {
			r.First = reg.Findings[0]
		}
	}
	r.Summary = fmt.Sprintf("%s, %s, %d failed", source.Plural(len(r.Registries), "registry", "registries"), source.Plural(sources, "check", "checks"), count[source.StateFailed])
	if n := count[source.StateWarning]; n > 0 {
		r.Summary += ", " + source.Plural(n, "warning", "warnings")
	}
	if n := count[source.StateWaiting]; n > 0 {
		r.Summary += fmt.Sprintf(", %d not run yet", n)
	}
	if names := namesOf(failed); len(names) > 0 {
		r.Summary += ": " + source.FirstFew(names)
	}
}

// A namedFailure is the failure of a source by its name, such as "hub api refused".
type namedFailure struct {
	name  string
	order int // that of the finding: index in impacts
}

// failuresOf returns the failures of a source: one for each finding that is not a warning. When the source failed and has
// no such finding, it returns one for the source itself.
func (r *RegistryReport) failuresOf(s *SourceReport) []namedFailure {
	if s.State != source.StateFailed {
		return nil
	}
	var own []namedFailure
	for _, f := range r.findingsOf(s) {
		if f.State == source.StateFailed {
			own = append(own, namedFailure{strings.TrimRight(f.Registry+" "+f.Collector+" "+f.Reason, " "), f.order})
		}
	}
	if own == nil {
		own = append(own, namedFailure{strings.TrimRight(r.Name()+" "+s.Collector+" "+s.Reason, " "), math.MaxInt})
	}
	return slices.CompactFunc(own, func(a, b namedFailure) bool { return a.name == b.name })
}

// namesOf returns the names of the failures, in the order in which people look at them. A name that several sources have
// stands once, with their number: "msr msr timeout (3)".
func namesOf(failed []namedFailure) []string {
	slices.SortStableFunc(failed, func(a, b namedFailure) int { return cmp.Compare(a.order, b.order) })
	times := map[string]int{}
	var names []string
	for _, f := range failed {
		if times[f.name]++; times[f.name] == 1 {
			names = append(names, f.name)
		}
	}
	for i, name := range names {
		if n := times[name]; n > 1 {
			names[i] = fmt.Sprintf("%s (%d)", name, n)
		}
	}
	return names
}
