package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"github.com/distribution/reference"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Defaults of settings that a probe does not have.
const (
	DefaultPullEvery        = model.Duration(time.Minute)
	DefaultPushEvery        = model.Duration(5 * time.Minute)
	DefaultSwiftProbeEvery  = model.Duration(time.Minute)
	DefaultSwiftCountEvery  = model.Duration(time.Hour)
	DefaultReplicationEvery = model.Duration(10 * time.Minute)
	DefaultPullBytes        = Bytes(8 << 20)
	DefaultPullWhole        = Bytes(1 << 30)
	DefaultPushSize         = Bytes(2 << 20) // more than nginx lets through by default
	DefaultPlatform         = "linux/amd64"
	DefaultReread           = model.Duration(10 * time.Minute)
)

// Values of Push.Mode.
const (
	PushUpload = "upload"
	PushImage  = "image"
)

// maxPushSize bounds push.size, in bytes: a push holds the layer in memory.
const maxPushSize = Bytes(64 << 20)

// maxImages bounds pull.images, and so the series of a pull probe.
const maxImages = 50

// maxPrefixes bounds swift.count.prefixes: each is a listing of its own.
const maxPrefixes = 20

// Pull is a probe that pulls images as a client does.
type Pull struct {
	Images      []string                     `yaml:"images"`
	Every       model.Duration               `yaml:"every,omitempty"`
	MaxBytes    Bytes                        `yaml:"max_bytes,omitempty"`    // of layers read in full, per run
	Whole       Bytes                        `yaml:"whole,omitempty"`        // of layers larger than that, of servers without ranges, per day and address
	Platform    string                       `yaml:"platform,omitempty"`     // os/architecture[/variant] taken from an index
	Backends    bool                         `yaml:"backends,omitempty"`     // ask each backend as well
	RereadAfter model.Duration               `yaml:"reread_after,omitempty"` // a bad layer is confirmed, or well again, not before
	HTTP        *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
}

// Push is a probe that begins an upload, or pushes an image.
type Push struct {
	Repository string                       `yaml:"repository"`
	Every      model.Duration               `yaml:"every,omitempty"`
	Mode       string                       `yaml:"mode,omitempty"`
	Size       Bytes                        `yaml:"size,omitempty"` // of the file in the layer of an image
	HTTP       *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
}

// SwiftProbe is a probe that reads and writes objects.
type SwiftProbe struct {
	Every     model.Duration `yaml:"every,omitempty"`
	Container string         `yaml:"container,omitempty"` // to write to; without one an object of the registry is read only
}

// SwiftCount is a probe that lists the container, and counts the objects under each prefix.
type SwiftCount struct {
	Prefixes []string       `yaml:"prefixes"`
	Every    model.Duration `yaml:"every,omitempty"`
}

// Replication is a probe that pushes an image, and waits until the other sites of the registry have it.
type Replication struct {
	Canary string         `yaml:"canary"`
	Every  model.Duration `yaml:"every,omitempty"`
}

// Bytes is a number of bytes, which the file has with a unit, such as 8MiB.
type Bytes int64

// UnmarshalYAML reads a size such as 8MiB.
func (b *Bytes) UnmarshalYAML(n *yaml.Node) error {
	parsed, err := units.ParseBase2Bytes(n.Value)
	if err != nil || parsed <= 0 {
		return errors.New("is no size")
	}
	*b = Bytes(parsed)
	return nil
}

// MarshalYAML writes the size with its unit.
func (b Bytes) MarshalYAML() (any, error) { return units.Base2Bytes(b).String(), nil }

func orDefault[T comparable](value *T, def T) {
	var zero T
	if *value == zero {
		*value = def
	}
}

func (r *Registry) probeDefaults(dir string) {
	if p := r.Pull; p != nil {
		orDefault(&p.Every, DefaultPullEvery)
		orDefault(&p.MaxBytes, DefaultPullBytes)
		orDefault(&p.Whole, DefaultPullWhole)
		orDefault(&p.Platform, DefaultPlatform)
		orDefault(&p.RereadAfter, DefaultReread)
		p.HTTP = httpDefaults(p.HTTP, r.HTTP, dir)
	}
	if p := r.Push; p != nil {
		orDefault(&p.Every, DefaultPushEvery)
		orDefault(&p.Mode, PushUpload)
		if p.Mode == PushImage {
			orDefault(&p.Size, DefaultPushSize)
		}
		p.HTTP = httpDefaults(p.HTTP, r.HTTP, dir)
	}
	if p := r.Replication; p != nil {
		orDefault(&p.Every, DefaultReplicationEvery)
	}
	if s := r.Swift; s != nil && s.Probe != nil {
		orDefault(&s.Probe.Every, DefaultSwiftProbeEvery)
	}
	if s := r.Swift; s != nil && s.Count != nil {
		orDefault(&s.Count.Every, DefaultSwiftCountEvery)
	}
}

// minEvery is the least time from one run to the next.
const minEvery = model.Duration(2 * time.Second)

// every refuses a value below minEvery.
func (v *validation) every(every model.Duration, path ...any) {
	if every < minEvery {
		v.fail("must be 2s or more, and mostly 60s or more: each run asks the registry many times", append(path, "every")...)
	}
}

func (v *validation) probes(r *Registry) {
	switch {
	case r.Cache && r.Push != nil:
		v.fail("pushes, and a pull-through cache (cache: true) takes none: leave it out", "push")
	case r.Cache && r.Pull == nil:
		v.fail("needs pull: its upstream is asked at each run, in the repository of the first image", "cache")
	}
	if r.Pull != nil {
		v.pull(r, r.Pull)
	}
	if p := r.Push; p != nil {
		v.every(p.Every, "push")
		v.http(p.HTTP, "push", "http")
		v.repository(p.Repository, "push", "repository")
		if p.Mode != PushUpload && p.Mode != PushImage {
			v.fail("must be upload (start one, send a chunk, cancel it) or image (push an image and read it back)", "push", "mode")
		}
		switch {
		case p.Mode == PushUpload && p.Size != 0:
			v.fail("belongs to mode: image: an upload sends 64 bytes", "push", "size")
		case p.Size > maxPushSize:
			v.fail("must be 64MiB or less: it is sent and read at each push", "push", "size")
		}
	}
	if p := r.Replication; p != nil {
		v.every(p.Every, "replication")
		v.repository(p.Canary, "replication", "canary")
		v.sites(r)
	}
	if s := r.Swift; s != nil && s.Probe != nil {
		v.every(s.Probe.Every, "swift", "probe")
		switch {
		case s.Probe.Container == s.Container:
			v.fail("is the container of the registry: give the probe one of its own, which is not replicated", "swift", "probe", "container")
		case strings.Contains(s.Probe.Container, "/"):
			v.fail("is the name of a container, without a slash", "swift", "probe", "container")
		}
	}
	if s := r.Swift; s != nil && s.Count != nil {
		v.every(s.Count.Every, "swift", "count")
		v.prefixes(s.Count.Prefixes)
	}
}

func (v *validation) prefixes(prefixes []string) {
	switch {
	case len(prefixes) == 0:
		v.fail("prefixes is missing: what to count apart, such as files/ and segments/", "swift", "count")
	case len(prefixes) > maxPrefixes:
		v.fail("holds more than 20 prefixes: each is a walk through the listing", "swift", "count", "prefixes")
	}
	for i, prefix := range prefixes {
		if slices.Contains(prefixes[:i], prefix) {
			v.fail("stands twice: keep one", "swift", "count", "prefixes", i)
		}
	}
}

var platform = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$`)

func (v *validation) pull(r *Registry, p *Pull) {
	v.every(p.Every, "pull")
	v.http(p.HTTP, "pull", "http")
	switch {
	case len(p.Images) == 0:
		v.fail("images is missing: what to pull, such as library/base:1.0", "pull")
	case len(p.Images) > maxImages:
		v.fail("holds more than 50 images: a few that live on different parts of the store tell as much", "pull", "images")
	case !platform.MatchString(p.Platform):
		v.fail("must be os/architecture, such as linux/amd64 or linux/arm/v7", "pull", "platform")
	case p.Backends && len(r.Backends) == 0:
		v.fail("needs backends: the instances behind the url", "pull", "backends")
	}
	seen := map[string]bool{}
	for i, image := range p.Images {
		parsed, err := reference.Parse(image)
		named, isNamed := parsed.(reference.Named)
		_, tagged := parsed.(reference.Tagged)
		_, digested := parsed.(reference.Digested)
		switch {
		case err != nil || !isNamed || !tagged && !digested:
			v.fail("must be a repository and a tag, such as library/base:1.0, or repository@sha256:…", "pull", "images", i)
		case hasHost(r, named.Name()):
			v.fail("must begin with the repository: the host is that of url", "pull", "images", i)
		case seen[image]:
			v.fail("stands twice: keep one", "pull", "images", i)
		}
		seen[image] = true
	}
}

func hasHost(r *Registry, repository string) bool {
	first, _, _ := strings.Cut(repository, "/")
	return first == r.URL.Host || strings.Contains(first, ":")
}

func (v *validation) repository(name string, path ...any) {
	parsed, err := reference.WithName(name)
	if err != nil || parsed.Name() != name || strings.Contains(name, ":") {
		v.fail("must be a repository of its own for the probe, such as monitoring/canary, without host and tag", path...)
	}
}

// sites refuses replication without another site or from a passive one, and sites whose containers in Swift have different
// names: the manifest of a large object names the container of its segments.
func (v *validation) sites(r *Registry) {
	others := 0
	for _, other := range v.c.Registries {
		if other == r || other.Name != r.Name {
			continue
		}
		others++
		if r.Swift != nil && other.Swift != nil && r.Swift.Container != other.Swift.Container {
			v.fail("has another name at site "+other.Site+": sites that replicate need the same, since large objects name their container", "swift", "container")
		}
	}
	switch {
	case others == 0:
		v.fail("needs another registry of this name, at another site, to wait for the image there", "replication")
	case r.Passive:
		v.fail("pushes: it belongs to the active site, not to one that is passive", "replication")
	}
}
