package collector

import (
	"iter"
	"runtime/debug"
	"sync"
	"time"

	"registry_exporter/collector/harbor"
	"registry_exporter/collector/registry"
	"registry_exporter/collector/report"
	"registry_exporter/collector/source"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// reportOn reads all registries at once with read, and makes the report on the results.
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

// reportOrPanic is the report on one registry. When the words of a source panic, the log has the stack, and the report
// one failed source "report" with reason "panic" instead of all others.
func (r *target) reportOrPanic(results []source.Result, now time.Time, logger log.Logger) (found *report.RegistryReport) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err := source.Failed(source.ReasonPanic, "panic: %v\n%s", p, debug.Stack())
		_ = level.Error(logger).Log("msg", "report panics", "registry", r.name, "site", r.site, "err", r.secrets.Mask().Hide(err.Error()))
		words := source.Words{Alert: func(*source.View, source.Result) string { return "" }} // no metric tells of it
		found = r.report([]source.Result{{Source: &source.Source{Collector: "report", Address: "exporter", Words: words}, Err: err}}, now)
	}()
	return r.report(results, now)
}

// Contacts are those of all registries, with the registry and its site, such as "hub@eqiad".
func (e *Exporter) Contacts() iter.Seq2[string, report.Contact] {
	return func(yield func(string, report.Contact) bool) {
		for _, r := range e.live.Load().registries {
			for _, c := range report.ContactsOf(r.config.Contacts) {
				if !yield(source.Instance(r.name, r.site), c) {
					return
				}
			}
		}
	}
}

// report is the report on the results of one registry, as of now.
func (r *target) report(results []source.Result, now time.Time) *report.RegistryReport {
	subject := report.Subject{Name: r.name, Site: r.site, URL: r.config.URL.String(), Contacts: report.ContactsOf(r.config.Contacts), Mask: r.secrets.Mask()}
	v := &source.View{Now: now, Passive: r.passive, FrontUp: registry.FrontIsUp(results), Results: results}
	v.ClientsFail = registry.ClientsFail(v)
	v.Cause = harbor.Cause(v)
	return subject.Report(v)
}
