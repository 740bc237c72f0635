package registry

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/durable"

	"github.com/opencontainers/go-digest"
)

// A seenFile keeps which manifests of other platforms were there: one that is lost is told as lost after a restart, too.
// Without --state.dir there is no file.
type seenFile struct {
	name    string // path; empty: there is no file
	foreign bool   // of another exporter: it is only read
}

// A seenContent is the content of a seenFile: by name of the image and digest of the manifest, when it left the index, in
// seconds since 1970; 0: the index names it.
type seenContent map[string]map[digest.Digest]int64

// newSeenFile names the file by registry, site, role and address, as in platforms-5b4c922f646a115b.
func newSeenFile(b *ask.Builder, role, address string) seenFile {
	folder := cmp.Or(b.StateDir, b.StateFrom)
	if folder == "" {
		return seenFile{}
	}
	about := fmt.Sprintf("%q %q %q %q", b.Name, b.Site, role, address)
	name := fmt.Sprintf("platforms-%x", sha256.Sum256([]byte(about)))[:26]
	return seenFile{filepath.Join(folder, name), b.StateDir == ""}
}

// load adds to c what the file says. Without a file, or with a damaged one, nothing was seen.
func (f seenFile) load(c *content) *content {
	if f.name == "" {
		return c
	}
	text, err := durable.Load(f.name)
	if errors.Is(err, durable.ErrDamaged) && !f.foreign {
		_ = os.Remove(f.name)
	}
	var seen seenContent
	if err != nil || json.Unmarshal(text, &seen) != nil {
		return c
	}
	for image, manifests := range seen {
		known := c.platformsOf(image)
		for d, left := range manifests {
			known.seen[d] = leftAt(left)
		}
	}
	c.savedSeen = string(text)
	return c
}

// leftAt is the time of a number in a seenContent.
func leftAt(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// save writes the file when what was seen has changed. An error is ignored: the probe tells about the registry.
func (f seenFile) save(c *content) {
	if f.name == "" || f.foreign {
		return
	}
	seen := seenContent{}
	for image, known := range c.platforms {
		if manifests := known.toKeep(); len(manifests) > 0 {
			seen[image] = manifests
		}
	}
	text := mustJSON(seen)
	if string(text) != c.savedSeen && c.disk.Do(durable.Patience, func() error { return durable.SaveUnsynced(f.name, text) }) {
		c.savedSeen = string(text)
	}
}

// toKeep is what a seenFile has of one image: the newest maxSeen.
func (s *platforms) toKeep() map[digest.Digest]int64 {
	kept := map[digest.Digest]int64{}
	for i, d := range s.newestSeen() {
		switch left := s.seen[d]; {
		case i >= maxSeen:
			return kept
		case left.IsZero():
			kept[d] = 0
		default:
			kept[d] = left.Unix()
		}
	}
	return kept
}
