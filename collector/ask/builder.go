package ask

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// A Builder makes the sources of one registry from its configuration, and collects the secrets of the registry. It is for
// one goroutine.
type Builder struct {
	*config.Registry
	Options
	config    *config.Config
	path      []any          // of the registry in the configuration, such as "registries", 0
	Collector string         // name of the collector whose sources are being built
	Secrets   *Secrets       // secrets of the registry that were found so far
	shared    map[string]any // by type: values that several sources of the registry use
}

// Options are the values that all registries share.
type Options struct {
	Exporter  string       // name of this exporter, in the images that it pushes and the objects that it writes
	StateDir  string       // folder for state that outlives the process; empty: no state does
	StateFrom string       // without StateDir, that of another process, which is only read; empty: none is
	Lockout   *Lockout     // of all registries, and all configurations
	Budget    *Budget      // of all registries, and all configurations; nil: the registry has one of its own
	Keep      *source.Keep // of this configuration
	CAs       *CAs         // of all registries, in this configuration; nil: each client reads its own
}

// NewBuilder returns the builder of registry i of the configuration.
func NewBuilder(c *config.Config, i int, o Options) *Builder {
	r := c.Registries[i]
	if o.Budget == nil {
		o.Budget = NewBudget()
	}
	o.Lockout = o.Lockout.of(source.Instance(r.Name, r.Site))
	return &Builder{
		Registry: r, Options: o, config: c, path: []any{"registries", i},
		Secrets: &Secrets{}, shared: map[string]any{},
	}
}

// Others returns builders of the other sites of the registry. They add their secrets to b.Secrets, since texts of this
// site may have them.
func (b *Builder) Others() []*Builder {
	var sites []*Builder
	for i, r := range b.config.Registries {
		if r.Name != b.Name || r.Site == b.Site {
			continue
		}
		there := *b
		there.Registry, there.path = r, []any{"registries", i}
		there.Lockout = b.Lockout.of(source.Instance(r.Name, r.Site))
		sites = append(sites, &there)
	}
	return sites
}

// Apart returns the builder of a system that has a host of its own, such as a Notary. It is asked by the name in u, and its host, not
// that of the registry, says which token servers may have its password.
func (b *Builder) Apart(u config.URL) *Builder {
	r := *b.Registry
	r.URL = u
	apart := *b
	apart.Registry = &r
	return &apart
}

// Shared returns the value of type T that several sources of the registry share. The first call builds it.
func Shared[T any](b *Builder, build func(*Builder) (T, error)) (T, error) {
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

// Kept returns the value that the configuration before had for the same type T, registry, site, collector and about.
// Without one it returns a fresh value. about are strings, numbers and lists of them.
func Kept[T any](b *Builder, fresh func() T, about ...any) T {
	var kind T
	return source.Kept(b.Keep, fmt.Sprintf("%T %q %q %q %#v", kind, b.Name, b.Site, b.Collector, about), fresh)
}

// Probe makes s a source whose readings are the last run of p. The last run outlives a reload while the address and
// about, such as the image that is pulled, are the same. about is as for Kept.
func (b *Builder) Probe(p *source.Probe, s *source.Source, about ...any) *source.Source {
	return p.Source(s, Kept(b, source.NewTrack, append([]any{s.Address}, about...)...))
}

// Errorf returns an error about the key at path in the registry, with file and line of the configuration.
func (b *Builder) Errorf(path []any, format string, args ...any) error {
	return b.config.Errorf(append(slices.Clone(b.path), path...), format, args...)
}

// EachURL makes a source of every URL of e. key is the key of e in the registry, such as "debug".
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

// EachReplica makes a source of every replica of an MSR, and none for a registry without msr.
func (b *Builder) EachReplica(make func(*Client) *source.Source) ([]*source.Source, error) {
	replicas, err := b.Replicas()
	if err != nil {
		return nil, err
	}
	var sources []*source.Source
	for _, c := range replicas {
		sources = append(sources, make(c))
	}
	return sources, nil
}

// Replicas makes a client of every replica of an MSR, and none for a registry without msr.
func (b *Builder) Replicas() ([]*Client, error) {
	if b.MSR == nil {
		return nil, nil
	}
	var clients []*Client
	for _, u := range b.MSR.Replicas {
		c, err := newClient(b, b.MSR.HTTP, u, b.URL, "msr", "http")
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}
