package collector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/config"
)

// collectorTable lists every kind of source and what builds those of a registry.
var collectorTable = []struct {
	name  string
	build func(*builder) ([]*source, error)
}{
	{"access", accessSources},
	{"api", apiSources},
	{"health", healthSources},
	{"msr", msrSources},
	{"nginx", nginxSources},
	{"ping", pingSources},
	{"pull", pullSources},
	{"push", pushSources},
	{"redis", redisSources},
	{"replication", replicationSources},
	{"swift", swiftSources},
	{"swift_count", swiftCountSources},
	{"swift_probe", swiftProbeSources},
}

var (
	collectorSuccess = gauge("registry_collector_success",
		"1 if the source could be read and said what it should, else 0.", "collector", "endpoint")
	collectorDuration = gauge("registry_collector_duration_seconds",
		"How long the source was read, in seconds.", "collector", "endpoint")
	collectorFailure = gauge("registry_collector_failure",
		"1 while the source fails, with one of a closed list of reasons.", "collector", "endpoint", "reason")
	passive = gauge("registry_passive",
		"1 if the configuration says passive: this site refuses writes on purpose.")
)

// A registry is one registry of the configuration, ready to be asked.
type registry struct {
	name, site string
	passive    bool
	config     *config.Registry
	labels     []*dto.LabelPair
	sources    []*source
	secrets    secrets
}

func newRegistry(c *config.Config, i int, opts *Options, l *lockout, k *keep) (*registry, error) {
	r := c.Registries[i]
	b := newBuilder(c, i, opts.forBuilders(l, k))
	reg := &registry{name: r.Name, site: r.Site, passive: r.Passive, config: r, labels: []*dto.LabelPair{labelPair("registry", r.Name)}}
	if r.Site != "" {
		reg.labels = append(reg.labels, labelPair("site", r.Site))
	}
	var sources []*source
	for _, c := range collectorTable {
		b.collector = c.name
		built, err := c.build(b)
		if err != nil {
			return nil, err
		}
		for _, s := range built {
			s.collector = c.name
			if s.timeout == 0 {
				s.timeout = time.Duration(r.Timeout)
			}
		}
		sources = append(sources, built...)
	}
	reg.secrets = *b.secrets
	reg.add(sources...)
	return reg, nil
}

// add makes sources write the labels of r, and hide its secrets.
func (r *registry) add(sources ...*source) {
	for _, s := range sources {
		s.mask = r.secrets.mask
	}
	r.sources = append(r.sources, sources...)
}

// instance is the name that tells a registry and site from all others.
func (r *registry) instance() string { return instance(r.name, r.site) }

func labelPair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: &value}
}

// scrape asks all wanted sources at once, each for at most timeout, and tells each of the loggers about it.
func (r *registry) scrape(ctx context.Context, timeout time.Duration, wanted func(collector string) bool, loggers ...log.Logger) lines {
	parts := make([]lines, len(r.sources))
	results := r.read(ctx, timeout, wanted, func(i int, res result) {
		parts[i] = newLines(slices.Concat(res.samples, about(res)), r.labels)
	})
	hidden := r.secrets.mask()
	for _, res := range results {
		r.log(loggers, hidden, res)
	}
	return slices.Concat(append(parts, newLines([]sample{passive.sample(bool01(r.passive))}, r.labels))...)
}

// read asks all wanted sources at once, each for at most timeout. It hands each result to then as it comes.
func (r *registry) read(ctx context.Context, timeout time.Duration, wanted func(collector string) bool, then func(i int, res result)) []result {
	var group sync.WaitGroup
	results := make([]result, len(r.sources))
	for i, s := range r.sources {
		if !wanted(s.collector) {
			continue
		}
		group.Go(func() {
			results[i] = s.get(ctx, timeout)
			then(i, results[i])
		})
	}
	group.Wait()
	return slices.DeleteFunc(results, func(res result) bool { return res.source == nil })
}

// about says how the reading itself went.
func about(res result) []sample {
	s := res.source
	samples := []sample{
		collectorSuccess.sample(bool01(res.err == nil), s.collector, s.endpoint),
		collectorDuration.sample(res.duration.Seconds(), s.collector, s.endpoint),
	}
	if res.err != nil {
		samples = append(samples, collectorFailure.sample(1, s.collector, s.endpoint, reason(res.err)))
	}
	return samples
}

// log tells at warn level when a source begins to fail or fails for another reason, at info level when
// it is well again, and at debug level whatever else.
func (r *registry) log(loggers []log.Logger, hidden mask, res result) {
	now := reason(res.err)
	if now == reasonCanceled { // the client went away: that says nothing about the registry
		return
	}
	s := res.source
	before := s.noted(now)
	at, what := level.Debug, []any{"msg", "source was read", "samples", len(res.samples)}
	switch {
	case now != "" && now != before:
		at, what = level.Warn, []any{"msg", "source fails", "reason", now, "err", hidden.hide(res.err.Error())}
	case now != "":
		what = []any{"msg", "source still fails", "reason", now, "err", hidden.hide(res.err.Error())}
	case before != "":
		at, what = level.Info, []any{"msg", "source is well again", "samples", len(res.samples)}
	}
	for _, l := range loggers {
		l = log.With(l, "registry", r.name, "site", r.site, "collector", s.collector, "endpoint", s.endpoint, "duration", res.duration)
		_ = at(l).Log(what...)
	}
}
