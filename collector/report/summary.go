package report

import (
	"fmt"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// Summarize sets Summary and First from the registries of the report.
func (r *Report) Summarize() {
	count := map[source.State]int{}
	sources := 0
	var failed []*FindingReport
	for _, reg := range r.Registries {
		sources += len(reg.Sources)
		for _, s := range reg.Sources {
			count[s.State]++
		}
		for _, f := range reg.Findings {
			if f.State == source.StateFailed {
				failed = append(failed, f)
			}
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
	slices.SortStableFunc(failed, func(a, b *FindingReport) int { return a.order - b.order })
	var names []string
	for _, f := range failed {
		if name := strings.TrimRight(f.Registry+" "+f.Collector+" "+f.Reason, " "); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		r.Summary += ": " + source.Some(names)
	}
}
