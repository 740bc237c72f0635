package collector

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"registry_exporter/collector/registry"
	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
)

// Check runs every source and every probe of the named registries once, or of all of them, and tells what was found.
// A name without its site stands for all sites.
func (e *Exporter) Check(ctx context.Context, names []string) (*report.Report, error) {
	registries, err := e.live.Load().named(names)
	if err != nil {
		return nil, err
	}
	return e.reportOn(registries, func(r *target) []source.Result { return r.check(ctx) }), nil
}

// check reads every source, after a run of those that are probes.
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

func (l *live) named(names []string) ([]*target, error) {
	if len(names) == 0 {
		return l.registries, nil
	}
	var found []*target
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
	slices.SortStableFunc(found, func(a, b *target) int {
		return slices.Index(l.registries, a) - slices.Index(l.registries, b)
	})
	return slices.Compact(found), nil
}

// reportOn reads the registries at once, and puts into words what each has read.
func (e *Exporter) reportOn(registries []*target, read func(*target) []source.Result) *report.Report {
	all := &report.Report{Registries: make([]*report.RegistryReport, len(registries))}
	var group sync.WaitGroup
	for i, r := range registries {
		group.Go(func() { all.Registries[i] = r.reportOrPanic(read(r), time.Now(), e.opts.Logger) })
	}
	group.Wait()
	all.Time = time.Now()
	all.Summarize()
	return all
}

// reportOrPanic is the report on what was read. When the words of a source panic, they are logged, and the report has
// the panic instead of all sources: the reports on other registries stay.
func (r *target) reportOrPanic(results []source.Result, now time.Time, logger log.Logger) (found *report.RegistryReport) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err := source.Failed(source.ReasonPanic, "panic: %v\n%s", p, debug.Stack())
		_ = level.Error(logger).Log("msg", "report panics", "registry", r.name, "site", r.site, "err", r.secrets.Mask().Hide(err.Error()))
		words := source.Words{Alert: func(*source.View, source.Result) string { return "" }} // no metric tells of it
		found = r.report([]source.Result{{Source: &source.Source{Collector: "report", Endpoint: "exporter", Words: words}, Err: err}}, now)
	}()
	return r.report(results, now)
}

// report puts into words what was read.
func (r *target) report(results []source.Result, now time.Time) *report.RegistryReport {
	subject := report.Subject{Name: r.name, Site: r.site, URL: r.config.URL.String(), Mask: r.secrets.Mask()}
	return subject.Report(&source.View{Now: now, Passive: r.passive, FrontUp: registry.FrontIsUp(results), Results: results})
}
