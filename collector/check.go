package collector

import (
	"context"
	"sync"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

// Check reads every source of the named registries, runs each of their probes once, and makes the report. "hub" names
// all sites of the registry hub, "hub@eqiad" one of them; without names it is about all registries. The error names
// a registry that is not in the configuration; a failure of a source is in the report.
func (e *Exporter) Check(ctx context.Context, names []string) (*report.Report, error) {
	registries, err := e.live.Load().named(names)
	if err != nil {
		return nil, err
	}
	return e.reportOn(registries, func(r *target) []source.Result { return r.check(ctx) }), nil
}

// check reads every source. A probe runs once before, after the run that may be under way.
func (r *target) check(ctx context.Context) []source.Result {
	var group sync.WaitGroup
	results := make([]source.Result, len(r.sources))
	for i, s := range r.sources {
		group.Go(func() {
			if s.Probe != nil {
				s.Probe.Once(ctx)
			}
			results[i] = s.Get(ctx, s.Timeout)
		})
	}
	group.Wait()
	return results
}
