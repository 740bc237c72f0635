package collector

import (
	"context"
	"slices"
	"sync"
	"time"

	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

// Check reads every source of the named registries, runs each of their probes once, and makes the report. "hub" names
// all sites of the registry hub, "hub@eqiad" one of them; without names it is about all registries. The error names
// a registry that is not in the configuration; a failure of a source is in the report. ended, if it is not nil, is told of
// each source when it has been read, one call at a time.
//
// A log is read while the exporter runs, and by it: a check has nothing to tell of one, and leaves it out.
func (e *Exporter) Check(ctx context.Context, names []string, ended func(Ended)) (*report.Report, error) {
	registries, err := e.live.Load().named(names)
	if err != nil {
		return nil, err
	}
	p := &progress{ended: ended}
	for _, r := range registries {
		p.all += len(r.checked())
	}
	return e.reportOn(registries, func(r *target) []source.Result { return r.check(ctx, p) }), nil
}

// Ended is a source that a check has read.
type Ended struct {
	Registry  string // with its site, such as "hub@eqiad"
	Collector string
	Address   string
	Reason    string // of the failure, from the closed list; empty: it could be read
	Took      time.Duration
	Done, All int // sources that have been read, this one too, and those of the whole check
}

// progress counts the sources of a check, of all its registries.
type progress struct {
	mu        sync.Mutex
	done, all int
	ended     func(Ended)
}

func (p *progress) note(r *target, res source.Result, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.ended != nil {
		p.ended(Ended{r.instance(), res.Source.Collector, res.Source.Address, source.Reason(res.Err), took, p.done, p.all})
	}
}

// checked are the sources that can be read once: those without a companion, which is not started.
func (r *target) checked() []*source.Source {
	return slices.DeleteFunc(slices.Clone(r.sources), func(s *source.Source) bool { return s.Companion != nil })
}

// check reads every source. A probe runs once before, after the run that may be under way.
func (r *target) check(ctx context.Context, p *progress) []source.Result {
	var group sync.WaitGroup
	sources := r.checked()
	results := make([]source.Result, len(sources))
	for i, s := range sources {
		group.Go(func() {
			start := time.Now()
			if s.Probe != nil {
				s.Probe.Once(ctx)
			}
			results[i] = s.Get(ctx, s.Timeout)
			p.note(r, results[i], time.Since(start))
		})
	}
	group.Wait()
	return results
}
