package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Check runs every source and every probe of the named registries once, or of all of them, and tells what was found.
// A name without its site stands for all sites.
func (e *Exporter) Check(ctx context.Context, names []string) (*Report, error) {
	registries, err := e.live.Load().named(names)
	if err != nil {
		return nil, err
	}
	return reportOn(registries, func(r *registry) []result { return r.check(ctx) }), nil
}

// check reads every source, after a run of those that are probes.
func (r *registry) check(ctx context.Context) []result {
	var group sync.WaitGroup
	results := make([]result, len(r.sources))
	for i, s := range r.sources {
		group.Go(func() {
			if s.probe != nil {
				s.probe.once(ctx)
			}
			results[i] = s.get(ctx, s.timeout)
		})
	}
	group.Wait()
	return results
}

func (l *live) named(names []string) ([]*registry, error) {
	if len(names) == 0 {
		return l.registries, nil
	}
	var found []*registry
	for _, name := range names {
		before := len(found)
		for _, r := range l.registries {
			if name == r.name || name == r.instance() {
				found = append(found, r)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("no registry %q in the configuration; there are: %s (the URL of another begins with https://)", name, strings.Join(l.names(), ", "))
		}
	}
	slices.SortStableFunc(found, func(a, b *registry) int {
		return slices.Index(l.registries, a) - slices.Index(l.registries, b)
	})
	return slices.Compact(found), nil
}

// reportOn reads the registries at once.
func reportOn(registries []*registry, read func(*registry) []result) *Report {
	report := &Report{Registries: make([]*RegistryReport, len(registries))}
	var group sync.WaitGroup
	for i, r := range registries {
		group.Go(func() { report.Registries[i] = r.report(read(r), time.Now()) })
	}
	group.Wait()
	report.Time = time.Now()
	report.Summarize()
	return report
}

// report puts into words what was read.
func (r *registry) report(results []result, now time.Time) *RegistryReport {
	subject := Subject{Name: r.name, Site: r.site, URL: r.config.URL.String(), Mask: r.secrets.mask()}
	return subject.Report(&view{now: now, passive: r.passive, frontUp: frontIsUp(results), results: results})
}
