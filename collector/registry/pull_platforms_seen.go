package registry

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

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
	case isGone && !s.wasThere(d.Digest):
		if !s.isAbsent(d) {
			s.absent = append(s.absent, d)
		}
		return false
	case err == nil || isContent(err):
		s.seen[d.Digest] = time.Time{}
		s.absent = slices.DeleteFunc(s.absent, func(a client.Descriptor) bool { return a.Digest == d.Digest })
	}
	return isContent(err)
}

// wasThere says whether a run has found the manifest.
func (s *platforms) wasThere(d digest.Digest) bool {
	_, found := s.seen[d]
	return found
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
	if known == nil || !known.isKnown || !known.hasIndex() {
		return nil
	}
	return []source.Sample{pullPlatformsAbsent.Sample(float64(len(known.absent)), about...)}
}

// hasIndex says whether the image is an index that names manifests of other platforms, of which one was asked for.
func (s *platforms) hasIndex() bool {
	for _, left := range s.seen {
		if left.IsZero() {
			return true
		}
	}
	return len(s.absent) > 0
}

// maxSeen bounds the manifests that are remembered of one image and are no longer in its index, and all of one image in a
// seenFile.
const maxSeen = 100

// forget drops what is known of manifests that the index at now does not name. It remembers for source.Remembered that they were
// there, of the maxSeen that left the index last: somebody pushes another index by mistake, and the right one again a minute
// later. A platform that is lost then was there all the same.
func (s *platforms) forget(named []client.Descriptor, now time.Time) {
	isNamed := map[digest.Digest]bool{}
	for _, d := range named {
		isNamed[d.Digest] = true
	}
	s.lost = slices.DeleteFunc(s.lost, func(l lostPart) bool { return !isNamed[l.manifest.Digest] })
	s.absent = slices.DeleteFunc(s.absent, func(d client.Descriptor) bool { return !isNamed[d.Digest] })
	for d, left := range s.seen {
		switch {
		case isNamed[d]:
			s.seen[d] = time.Time{}
		case left.IsZero() || left.After(now):
			s.seen[d] = now
		}
	}
	maps.DeleteFunc(s.seen, func(_ digest.Digest, left time.Time) bool {
		return !left.IsZero() && now.Sub(left) >= source.Remembered
	})
	for i, d := range s.newestSeen() {
		if i >= maxSeen && !isNamed[d] {
			delete(s.seen, d)
		}
	}
}

// newestSeen are the manifests that were there: first those that the index names, then those that left it last.
func (s *platforms) newestSeen() []digest.Digest {
	return slices.SortedFunc(maps.Keys(s.seen), func(a, b digest.Digest) int {
		switch one, other := s.seen[a], s.seen[b]; {
		case one.IsZero() && !other.IsZero():
			return -1
		case other.IsZero() && !one.IsZero():
			return 1
		default:
			return cmp.Or(other.Compare(one), cmp.Compare(a, b))
		}
	})
}
