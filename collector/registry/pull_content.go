package registry

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
	"registry_exporter/durable"

	"github.com/opencontainers/go-digest"
)

// A blobKey names a blob in a repository. The same digest in two repositories is two keys: a registry may hand it out
// in one and refuse it in the other.
type blobKey struct {
	repository string
	digest     digest.Digest
}

// content is what is known of the blobs behind one address. It outlives runs and reloads. One run at a time uses it.
type content struct {
	blobs   map[blobKey]*blob
	needs   map[string][]part // by name of an image: what its manifest named when it could last be read
	before  map[*blob]blob    // the blobs that the last run found bad, as they were known before that run
	wasDown bool              // the last run read nothing that shows that the store works
	today   dailyBytes        // of layers that the server sends as a whole only

	platforms map[string]*platforms // by name of an image: what is known of other platforms of its index
	nextImage int                   // the image whose other platforms are asked for next
	savedSeen string                // what the file of seen manifests holds
	disk      durable.Beside        // writes that file
}

// A part is a blob that an image needs, and the step of the pull that reads it.
type part struct {
	step string
	blob blobKey
}

// A blob is what is known of one blob. The zero value: no run has read it.
type blob struct {
	tried     time.Time     // when a run last read it in full, or failed to; zero: the next run reads it before all others
	verified  time.Time     // when it was read in full and matched its digest; zero: never, or it was bad since
	partial   *verification // a large blob of which a part was read; the next run goes on there
	sentWhole time.Time     // when the server last answered a Range with the whole blob; zero: it did not since the blob was read in full
	notBefore time.Time     // when it may be read as a whole again, after that took longer than a run; zero: now
	bad       *bad          // nil: no run found it bad
}

// bad is a blob that was missing, short or not what its digest says, in a run in which the store worked.
type bad struct {
	reason, cache string    // labels of registry_pull_content_bad and registry_pull_failure
	full          bool      // its last byte came, and reading it in full showed that it is bad
	since         time.Time // of the run that found it bad first
	wellSince     time.Time // since then every run has read it well; zero: the last run has not
	confirmed     bool      // a run at the time again, or later, found it bad, too
	again         time.Time // when it is read in full next
}

// fails says whether a pull of an image that needs the blob counts as failed, in the run at now.
//
// A confirmed blob fails until it is read well in full. Another bad blob fails until two runs in a row have read it well.
// With two backends behind a balancer, one of which has lost the blob, a single run may well meet only the backend that
// has it.
func (b *bad) fails(now time.Time) bool {
	return b.confirmed || b.wellSince.IsZero() || !b.wellSince.Before(now)
}

func newContent() *content {
	return &content{blobs: map[blobKey]*blob{}, needs: map[string][]part{}, platforms: map[string]*platforms{}}
}

// isContent says whether an error is about the bytes of a stored blob. Any other error, such as a timeout, is about the
// store or the way to it.
func isContent(err error) bool {
	return slices.Contains([]string{source.ReasonDigestMismatch, source.ReasonShortRead, source.ReasonMissingBlob}, source.Reason(err))
}

// blob returns what is known of the blob under a key. The first call adds the blob.
func (c *content) blob(key blobKey) *blob {
	b := c.blobs[key]
	if b == nil {
		b = &blob{}
		c.blobs[key] = b
	}
	return b
}

// noteNeeds notes which blobs the image of a pull needs, in place of those noted before.
//
// Example: library/base:1.0 needed config A and layers B and C. The tag moves to an image of config D and layers B and E.
// Then the image needs D, B and E; forget drops A and C. Had the manifest not been readable, the image would still need
// A, B and C.
func (c *content) noteNeeds(ip *imagePull) {
	key := func(d digest.Digest) blobKey { return blobKey{ip.image.Repository, d} }
	var parts []part
	for _, child := range ip.children {
		parts = append(parts, part{stepManifest, key(child)})
	}
	if ip.manifest == nil { // it could not be read: the image needs what it needed before
		for _, p := range c.needs[ip.image.Name] {
			if !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
	} else {
		parts = append(parts, part{stepConfig, key(ip.manifest.Config.Digest)})
		for _, l := range ip.layers {
			parts = append(parts, part{stepLayers, key(l.Digest)})
		}
	}
	c.needs[ip.image.Name] = parts
}

// forget drops the needs of images that are no longer configured, and blobs that no image needs.
func (c *content) forget(images []*client.Image) {
	isGone := func(name string) bool {
		return !slices.ContainsFunc(images, func(i *client.Image) bool { return i.Name == name })
	}
	maps.DeleteFunc(c.needs, func(name string, _ []part) bool { return isGone(name) })
	maps.DeleteFunc(c.platforms, func(name string, _ *platforms) bool { return isGone(name) })
	needed := map[blobKey]bool{}
	for _, parts := range c.needs {
		for _, p := range parts {
			needed[p.blob] = true
		}
	}
	maps.DeleteFunc(c.blobs, func(key blobKey, _ *blob) bool { return !needed[key] })
}

// remembered returns an error when a step of an image needs a blob that is bad, whether or not the run at now has read
// this blob.
func (c *content) remembered(image, step string, now time.Time) error {
	for _, p := range c.needs[image] {
		b := c.blobs[p.blob]
		if p.step != step || b == nil || b.bad == nil || !b.bad.fails(now) {
			continue
		}
		text := "was bad %s ago, and counts as such until it is read to its end and well, in %s at the earliest"
		return answerError{source.Failed(b.bad.reason, "%s %s", p.blob.digest,
			fmt.Sprintf(text, now.Sub(b.bad.since).Round(time.Second), max(0, b.bad.again.Sub(now)).Round(time.Second))), b.bad.cache}
	}
	return nil
}

// badSamples counts the bad blobs that an image needs. about are the labels address, role and image.
func (c *content) badSamples(about ...string) []source.Sample {
	image := about[len(about)-1]
	counts := map[[2]string]float64{}
	for _, p := range c.needs[image] {
		if b := c.blobs[p.blob]; b != nil && b.bad != nil {
			counts[[2]string{b.bad.reason, fmt.Sprint(b.bad.confirmed)}]++
		}
	}
	if known := c.platforms[image]; known != nil {
		for _, l := range known.lost {
			counts[[2]string{source.Reason(l.err), fmt.Sprint(l.again)}]++
		}
	}
	var samples []source.Sample
	for key, n := range counts {
		samples = append(samples, pullContentBad.Sample(n, append(slices.Clone(about), key[:]...)...))
	}
	return samples
}

// verified returns how many layers of an image are verified, and when the last of them was verified.
func (c *content) verified(image string) (n int, last time.Time) {
	for _, p := range c.needs[image] {
		if b := c.blobs[p.blob]; p.step == stepLayers && b != nil && !b.verified.IsZero() {
			n++
			if b.verified.After(last) {
				last = b.verified
			}
		}
	}
	return n, last
}
