package collector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	dto "github.com/prometheus/client_model/go"
	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

// collectorTable lists every kind of source and what builds those of a registry.
var collectorTable = []struct {
	name  string
	build func(*builder) ([]*source, error)
}{
	{"api", apiSources},
	{"health", healthSources},
	{"msr", msrSources},
	{"nginx", nginxSources},
	{"ping", pingSources},
	{"redis", redisSources},
	{"swift", swiftSources},
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
	labels     []*dto.LabelPair
	sources    []*source
	secrets    secrets
}

// A builder makes the sources of one registry.
type builder struct {
	*config.Registry
	config  *config.Config
	path    []any
	lockout *lockout
	secrets secrets
}

func newRegistry(c *config.Config, i int, l *lockout) (*registry, error) {
	r := c.Registries[i]
	b := &builder{Registry: r, config: c, path: []any{"registries", i}, lockout: l}
	reg := &registry{name: r.Name, site: r.Site, passive: r.Passive, labels: []*dto.LabelPair{labelPair("registry", r.Name)}}
	if r.Site != "" {
		reg.labels = append(reg.labels, labelPair("site", r.Site))
	}
	for _, c := range collectorTable {
		sources, err := c.build(b)
		if err != nil {
			return nil, err
		}
		for _, s := range sources {
			s.collector = c.name
			if s.timeout == 0 {
				s.timeout = time.Duration(r.Timeout)
			}
		}
		reg.sources = append(reg.sources, sources...)
	}
	reg.secrets = b.secrets
	return reg, nil
}

func labelPair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: &value}
}

func (b *builder) errorf(path []any, format string, args ...any) error {
	return b.config.Errorf(append(slices.Clone(b.path), path...), format, args...)
}

// secret is a reader of a secret whose file, if it has one, can be read now.
func (b *builder) secret(inline promconfig.Secret, file string, path ...any) (promconfig.SecretReader, error) {
	s := secretReader(inline, file)
	if s == nil {
		return nil, nil
	}
	if _, err := s.Fetch(context.Background()); err != nil {
		return nil, b.errorf(path, "%s", err)
	}
	b.addSecret(s)
	return s, nil
}

func (b *builder) addSecret(s promconfig.SecretReader) { b.secrets = append(b.secrets, s) }

// scrape asks all wanted sources at once, each for at most timeout.
func (r *registry) scrape(ctx context.Context, timeout time.Duration, wanted func(collector string) bool, logger log.Logger) lines {
	logger = log.With(logger, "registry", r.name, "site", r.site)
	var group sync.WaitGroup
	results := make([]result, len(r.sources))
	for i, s := range r.sources {
		if wanted(s.collector) {
			group.Go(func() { results[i] = s.get(ctx, timeout) })
		}
	}
	group.Wait()
	hidden := r.secrets.mask()
	page := lines{line{passive.sample(bool01(r.passive)), r.labels}}
	for _, res := range results {
		if res.source != nil {
			r.log(logger, hidden, res)
			page = append(page, r.lines(hidden, res)...)
		}
	}
	return page
}

func (r *registry) lines(hidden mask, res result) lines {
	s := res.source
	page := make(lines, 0, len(res.samples)+3)
	add := func(s sample) { page = append(page, line{s, r.labels}) }
	for _, sample := range res.samples {
		add(hidden.sample(sample))
	}
	add(collectorSuccess.sample(bool01(res.err == nil), s.collector, s.endpoint))
	add(collectorDuration.sample(res.duration.Seconds(), s.collector, s.endpoint))
	if res.err != nil {
		add(collectorFailure.sample(1, s.collector, s.endpoint, reason(res.err)))
	}
	return page
}

// log tells at warn level when a source begins to fail or fails for another reason, at info level when
// it is well again, and at debug level whatever else.
func (r *registry) log(logger log.Logger, hidden mask, res result) {
	now := reason(res.err)
	if now == reasonCanceled { // the client went away: that says nothing about the registry
		return
	}
	s := res.source
	s.mu.Lock()
	before := s.logged
	s.logged = now
	s.mu.Unlock()
	logger = log.With(logger, "collector", s.collector, "endpoint", s.endpoint, "duration", res.duration)
	switch {
	case now != "" && now != before:
		level.Warn(logger).Log("msg", "source fails", "reason", now, "err", hidden.hide(res.err.Error()))
	case now != "":
		level.Debug(logger).Log("msg", "source still fails", "reason", now, "err", hidden.hide(res.err.Error()))
	case before != "":
		level.Info(logger).Log("msg", "source is well again", "samples", len(res.samples))
	default:
		level.Debug(logger).Log("msg", "source was read", "samples", len(res.samples))
	}
}
