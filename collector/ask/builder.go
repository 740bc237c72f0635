package ask

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// A Builder makes the sources of one registry. It knows its configuration, and collects its secrets.
type Builder struct {
	*config.Registry
	Options
	config    *config.Config
	path      []any          // of the registry in the configuration
	Collector string         // that is being built
	Secrets   *Secrets       // of the registry
	shared    map[string]any // what several sources of the registry use, by its type
}

// Options are the same for all registries.
type Options struct {
	Exporter string // name of this exporter, in what it pushes and writes
	StateDir string // folder of what outlives the process; empty: nothing does
	Lockout  *Lockout
	Keep     *source.Keep
}

func NewBuilder(c *config.Config, i int, o Options) *Builder {
	return &Builder{
		Registry: c.Registries[i], Options: o, config: c, path: []any{"registries", i},
		Secrets: &Secrets{}, shared: map[string]any{},
	}
}

// Others are builders of the other sites of the registry. The secrets that they find are secrets of this registry, too.
func (b *Builder) Others() []*Builder {
	var sites []*Builder
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

// Once makes what several sources of the registry use.
func Once[T any](b *Builder, build func(*Builder) (T, error)) (T, error) {
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

// Kept returns what an earlier configuration kept of the same registry and collector about the same things, which are
// plain values, or else a fresh one.
func Kept[T any](b *Builder, fresh func() T, about ...any) T {
	var kind T
	return source.Kept(b.Keep, fmt.Sprintf("%T %q %q %q %#v", kind, b.Name, b.Site, b.Collector, about), fresh)
}

// Probe makes p a source. Its last result outlives a reload as long as about, plain values, are the same: a result of
// another image or mode does not apply.
func (b *Builder) Probe(p *source.Probe, s *source.Source, about ...any) *source.Source {
	return p.Source(s, Kept(b, source.NewTrack, append([]any{s.Endpoint}, about...)...))
}

func (b *Builder) Errorf(path []any, format string, args ...any) error {
	return b.config.Errorf(append(slices.Clone(b.path), path...), format, args...)
}

// EachURL makes a source of every URL of e.
func (b *Builder) EachURL(e *config.Endpoints, key string, make func(*Client) *source.Source) ([]*source.Source, error) {
	var sources []*source.Source
	for _, u := range e.URLs {
		c, err := newClient(b, e.HTTP, u, u, key, "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, make(c))
	}
	return sources, nil
}

// EachReplica makes a source of every replica of an MSR.
func (b *Builder) EachReplica(make func(*Client) *source.Source) ([]*source.Source, error) {
	if b.MSR == nil {
		return nil, nil
	}
	var sources []*source.Source
	for _, u := range b.MSR.Replicas {
		c, err := newClient(b, b.MSR.HTTP, u, b.URL, "msr", "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, make(c))
	}
	return sources, nil
}
