package collector

import (
	"fmt"
	"slices"

	"registry_exporter/config"
)

// A builder makes the sources of one registry. It knows its configuration, and collects its secrets.
type builder struct {
	*config.Registry
	builderOptions
	config    *config.Config
	path      []any          // of the registry in the configuration
	collector string         // that is being built
	secrets   *secrets       // of the registry
	shared    map[string]any // what several sources of the registry use, by its type
}

// builderOptions are the same for all registries.
type builderOptions struct {
	exporter string // name of this exporter, in what it pushes and writes
	stateDir string // folder of what outlives the process; empty: nothing does
	lockout  *lockout
	keep     *keep
}

func newBuilder(c *config.Config, i int, o builderOptions) *builder {
	return &builder{
		Registry: c.Registries[i], builderOptions: o, config: c, path: []any{"registries", i},
		secrets: &secrets{}, shared: map[string]any{},
	}
}

// others are builders of the other sites of the registry. The secrets that they find are secrets of this registry, too.
func (b *builder) others() []*builder {
	var sites []*builder
	for i, r := range b.config.Registries {
		if r.Name != b.Name || r.Site == b.Site {
			continue
		}
		there := *b
		there.Registry, there.path = r, []any{"registries", i}
		sites = append(sites, &there)
	}
	return sites
}

// once makes what several sources of the registry use.
func once[T any](b *builder, build func(*builder) (T, error)) (T, error) {
	var kind T
	key := fmt.Sprintf("%T", kind)
	if built, found := b.shared[key].(T); found {
		return built, nil
	}
	built, err := build(b)
	if err == nil {
		b.shared[key] = built
	}
	return built, err
}

// kept returns what an earlier configuration kept of the same registry and collector about the same things, which are
// plain values, or else a fresh one.
func kept[T any](b *builder, fresh func() T, about ...any) T {
	var kind T
	return keptAs(b.keep, fmt.Sprintf("%T %q %q %q %#v", kind, b.Name, b.Site, b.collector, about), fresh)
}

// probe makes p a source. Its last result outlives a reload as long as about, plain values, are the same: a result of
// another image or mode does not apply.
func (b *builder) probe(p *probe, s *source, about ...any) *source {
	return p.source(s, kept(b, newTrack, append([]any{s.endpoint}, about...)...))
}

func (b *builder) errorf(path []any, format string, args ...any) error {
	return b.config.Errorf(append(slices.Clone(b.path), path...), format, args...)
}

// eachURL makes a source of every URL of e.
func (b *builder) eachURL(e *config.Endpoints, key string, make func(*client) *source) ([]*source, error) {
	var sources []*source
	for _, u := range e.URLs {
		c, err := newClient(b, e.HTTP, u, u, key, "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, make(c))
	}
	return sources, nil
}

// eachReplica makes a source of every replica of an MSR.
func (b *builder) eachReplica(make func(*client) *source) ([]*source, error) {
	if b.MSR == nil {
		return nil, nil
	}
	var sources []*source
	for _, u := range b.MSR.Replicas {
		c, err := newClient(b, b.MSR.HTTP, u, b.URL, "msr", "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, make(c))
	}
	return sources, nil
}
