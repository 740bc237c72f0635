package registry

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
	"registry_exporter/durable"

	"github.com/opencontainers/go-digest"
)

var pullPlatformsAbsent = source.Gauge("registry_pull_platforms_absent",
	"Manifests that the index names for other platforms, and that the registry has not had since they were asked for first: only some platforms were copied, or they were lost before. Nodes of those platforms cannot pull the image. One that was there and is gone counts in registry_pull_content_bad. There is no sample without an index and with cache: true.",
	"address", "role", "image")

// note takes over whether a manifest of another platform is there. It returns false when that is well, not known, or when
// the manifest never was there: then it is absent. A tool that copies some platforms only leaves the index as it is.
func (s *platforms) note(d client.Descriptor, err error) (isLost bool) {
	isGone := source.Reason(err) == source.ReasonMissingBlob
	switch {
	case isGone && !s.seen[d.Digest]:
		if !s.isAbsent(d) {
			s.absent = append(s.absent, d)
		}
		return false
	case err == nil || isContent(err):
		s.seen[d.Digest] = true
		s.absent = slices.DeleteFunc(s.absent, func(a client.Descriptor) bool { return a.Digest == d.Digest })
	}
	return isContent(err)
}

// isAbsent says whether a manifest has never been there.
func (s *platforms) isAbsent(d client.Descriptor) bool {
	return slices.ContainsFunc(s.absent, func(a client.Descriptor) bool { return a.Digest == d.Digest })
}

// absentNote is for people, such as "; never there: linux/arm64 (sha256:…)". It names three at most.
func (s *platforms) absentNote() string {
	var names []string
	for _, d := range s.absent[:min(len(s.absent), 3)] {
		names = append(names, fmt.Sprintf("%s (%s)", d.Platform(), d.Digest))
	}
	switch more := len(s.absent) - len(names); {
	case names == nil:
		return ""
	case more > 0:
		return fmt.Sprintf("; never there: %s and %d more", strings.Join(names, ", "), more)
	}
	return "; never there: " + strings.Join(names, ", ")
}

// absentSamples is the number of absent manifests of an image, once other platforms were asked for. about are the labels
// address, role and image.
func (c *content) absentSamples(about ...string) []source.Sample {
	known := c.platforms[about[len(about)-1]]
	if known == nil || !known.isKnown || len(known.seen)+len(known.absent) == 0 {
		return nil
	}
	return []source.Sample{pullPlatformsAbsent.Sample(float64(len(known.absent)), about...)}
}

// maxKeptSeen bounds the digests of one image in a seenFile.
const maxKeptSeen = 100

// A seenFile keeps which manifests of other platforms were there: one that is lost is told as lost after a restart, too.
// Without --state.dir there is no file.
type seenFile struct{ name string }

// newSeenFile names the file by registry, site, role and address, as in platforms-5b4c922f646a115b.
func newSeenFile(b *ask.Builder, role, address string) seenFile {
	if b.StateDir == "" {
		return seenFile{}
	}
	about := fmt.Sprintf("%q %q %q %q", b.Name, b.Site, role, address)
	return seenFile{filepath.Join(b.StateDir, fmt.Sprintf("platforms-%x", sha256.Sum256([]byte(about)))[:26])}
}

// load adds to c what the file says. Without a file, or with a damaged one, nothing was seen.
func (f seenFile) load(c *content) *content {
	if f.name == "" {
		return c
	}
	text, err := durable.Load(f.name)
	if errors.Is(err, durable.ErrDamaged) {
		_ = os.Remove(f.name)
	}
	var seen map[string][]digest.Digest
	if err != nil || json.Unmarshal(text, &seen) != nil {
		return c
	}
	for image, digests := range seen {
		for _, d := range digests[:min(len(digests), maxKeptSeen)] {
			c.platformsOf(image).seen[d] = true
		}
	}
	c.savedSeen = string(text)
	return c
}

// save writes the file when what was seen has changed, without waiting for the disk. An error is ignored: the probe tells
// about the registry.
func (f seenFile) save(c *content) {
	if f.name == "" {
		return
	}
	seen := map[string][]digest.Digest{}
	for image, known := range c.platforms {
		if digests := known.sortedSeen(); len(digests) > 0 {
			seen[image] = digests
		}
	}
	if text := mustJSON(seen); string(text) != c.savedSeen && durable.SaveUnsynced(f.name, text) == nil {
		c.savedSeen = string(text)
	}
}

// sortedSeen are the digests that were there, at most maxKeptSeen.
func (s *platforms) sortedSeen() []digest.Digest {
	var all []digest.Digest
	for d := range s.seen {
		all = append(all, d)
	}
	slices.Sort(all)
	return all[:min(len(all), maxKeptSeen)]
}
