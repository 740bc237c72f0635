package collector

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	collectorSuccess = source.Gauge("registry_collector_success",
		"1 if the source could be read and said what it should, else 0.", "collector", "address")
	collectorDuration = source.Gauge("registry_collector_duration_seconds",
		"How long the source was read, in seconds.", "collector", "address")
	collectorFailure = source.Gauge("registry_collector_failure",
		"1 while the source fails, with one of a closed list of reasons.", "collector", "address", "reason")
	collectorWorked = source.Gauge("registry_collector_worked_before",
		"1 while a source is refused (unauthorized, forbidden, not_found, realm_refused, tls_client_cert) that was read without an error within 30 days, with the configuration and the secrets that it has now: the fault is not in them. With --state.dir the days before the exporter started count, too.",
		"collector", "address")
	passive = source.Gauge("registry_passive",
		"1 if the configuration says passive: this site refuses writes on purpose.")
)

// A target is one registry of the configuration, or one site of it, with all its sources.
type target struct {
	name, site string // site is empty when the registry has one only
	passive    bool   // refuses writes on purpose
	config     *config.Registry
	unchanged  string           // fingerprint of its configuration: a reload that keeps it lets its runs go on
	labels     []*dto.LabelPair // registry, and site if there is one
	sources    []*source.Source
	secrets    ask.Secrets
}

// newTarget makes all sources of registry i of c. The error names the line of the configuration.
func newTarget(c *config.Config, i int, builders ask.Options, h *history) (*target, error) {
	r := c.Registries[i]
	b := ask.NewBuilder(c, i, builders)
	t := &target{name: r.Name, site: r.Site, passive: r.Passive, config: r, unchanged: c.Fingerprint(i), labels: []*dto.LabelPair{labelPair("registry", r.Name)}}
	if r.Site != "" {
		t.labels = append(t.labels, labelPair("site", r.Site))
	}
	var sources []*source.Source
	for _, row := range collectorTable {
		b.Collector = row.name
		built, err := row.build(b)
		if err != nil {
			return nil, err
		}
		for _, s := range built {
			s.Collector = row.name
			if s.Timeout == 0 {
				s.Timeout = time.Duration(r.Timeout)
			}
			s.Names = source.Kept(builders.Keep, fmt.Sprintf("names %q %q %q %q", r.Name, r.Site, row.name, s.Address), source.NewNames)
		}
		sources = append(sources, built...)
	}
	t.secrets = *b.Secrets
	t.add(sources...)
	for _, s := range t.sources {
		s.Past = h.of(t.configuration, t.name, t.site, s.Collector, s.Address)
	}
	return t, nil
}

// configuration is the text of the registry in the configuration, hashed, and the values of its secrets.
func (r *target) configuration() []string { return append(r.secrets.Values(), r.unchanged) }

// add makes the sources those of r, too: the secrets of r are masked in their labels.
func (r *target) add(sources ...*source.Source) {
	for _, s := range sources {
		s.Mask = r.secrets.Mask
	}
	r.sources = append(r.sources, sources...)
}

// instance is the name of the registry with its site: "hub@eqiad", or "hub" without one.
func (r *target) instance() string { return source.Instance(r.name, r.site) }

func labelPair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: &value}
}

// shortScrape is what a scrape_timeout of one second leaves. Whoever asks with less learns nothing of a source that does not
// answer in time, and the log says nothing of it: anybody could write failures into it.
const shortScrape = 750 * time.Millisecond

// scrape reads the sources of the wanted collectors as read does. It returns their samples and the
// metrics about each reading, and logs to each logger how it went.
func (r *target) scrape(ctx context.Context, timeout, minAge time.Duration, wanted func(collector string) bool, loggers ...log.Logger) lines {
	parts := make([]lines, len(r.sources))
	results := r.read(ctx, timeout, minAge, wanted, func(i int, res source.Result) {
		parts[i] = newLines(slices.Concat(res.Samples, aboutReading(res)), r.labels)
	})
	hidden := r.secrets.Mask()
	for _, res := range results {
		if why := source.Reason(res.Err); timeout < shortScrape && (why == source.ReasonTimeout || why == source.ReasonExporterOverloaded) {
			r.logTo(loggers, level.Debug, res, "msg", "a scrape was too short to read the source")
			continue
		}
		r.log(loggers, hidden, res)
	}
	return slices.Concat(append(parts, newLines([]source.Sample{passive.Sample(source.Bool01(r.passive))}, r.labels))...)
}

// read reads the sources of the wanted collectors at once, each for at most timeout, unless a scrape has read them less than minAge ago. It calls then with each result as
// it comes, from several goroutines; i is the index in r.sources. The results stand in the order of r.sources.
func (r *target) read(ctx context.Context, timeout, minAge time.Duration, wanted func(collector string) bool, then func(i int, res source.Result)) []source.Result {
	var group sync.WaitGroup
	results := make([]source.Result, len(r.sources))
	for i, s := range r.sources {
		if !wanted(s.Collector) {
			continue
		}
		group.Go(func() {
			results[i] = s.GetRecent(ctx, timeout, minAge)
			then(i, results[i])
		})
	}
	group.Wait()
	return slices.DeleteFunc(results, func(res source.Result) bool { return res.Source == nil })
}

// aboutReading are registry_collector_success, registry_collector_duration_seconds and registry_collector_failure. A source
// that is pending, or that the exporter has no descriptors for, has the last one only: nobody knows whether it succeeds. The success of a stale probe is left out.
func aboutReading(res source.Result) []source.Sample {
	s := res.Source
	if why := source.Reason(res.Err); why == source.ReasonPending || why == source.ReasonExporterOverloaded {
		return []source.Sample{collectorFailure.Sample(1, s.Collector, s.Address, why)}
	}
	samples := []source.Sample{collectorDuration.Sample(res.Duration.Seconds(), s.Collector, s.Address)}
	if res.Err != nil || !res.IsStale(time.Now()) {
		samples = append(samples, collectorSuccess.Sample(source.Bool01(res.Err == nil), s.Collector, s.Address))
	}
	if res.Err != nil {
		samples = append(samples, collectorFailure.Sample(1, s.Collector, s.Address, source.Reason(res.Err)))
	}
	if res.WorkedBefore {
		samples = append(samples, collectorWorked.Sample(1, s.Collector, s.Address))
	}
	return samples
}

// log logs at level warn when a source begins to fail or fails for another reason, at level info when it is well
// again, and else at level debug.
func (r *target) log(loggers []log.Logger, hidden source.Mask, res source.Result) {
	now := source.Reason(res.Err)
	if now == source.ReasonCanceled { // the client hung up: the registry may be well
		return
	}
	s := res.Source
	if now == source.ReasonPending {
		r.logTo(loggers, level.Debug, res, "msg", "source has nothing to tell yet", "reason", now)
		return
	}
	before := s.NoteReason(now)
	at, what := level.Debug, []any{"msg", "source was read", "samples", len(res.Samples)}
	switch {
	case now != "" && now != before:
		at, what = level.Warn, []any{"msg", "source fails", "reason", now, "err", hidden.Hide(res.Err.Error())}
	case now != "":
		what = []any{"msg", "source still fails", "reason", now, "err", hidden.Hide(res.Err.Error())}
	case before != "":
		at, what = level.Info, []any{"msg", "source is well again", "samples", len(res.Samples)}
	}
	r.logTo(loggers, at, res, what...)
}

// logTo logs about a result at a level.
func (r *target) logTo(loggers []log.Logger, at func(log.Logger) log.Logger, res source.Result, what ...any) {
	s := res.Source
	for i, l := range loggers {
		if detail := source.Detail(res.Err); i == 0 && detail != "" { // the first log is the exporter's own; others are pages
			l = log.With(l, "detail", r.secrets.Mask().Hide(detail))
		}
		l = log.With(l, "registry", r.name, "site", r.site, "collector", s.Collector, "address", s.Address, "duration", res.Duration)
		_ = at(l).Log(what...)
	}
}
