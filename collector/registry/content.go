package registry

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// A blobKey is a blob as a repository has it: whether it may be had goes by that too.
type blobKey struct {
	repository string
	digest     digest.Digest
}

// content is what is known of the blobs behind one endpoint, from run to run and over reloads. It is for one run at a time.
type content struct {
	blobs  map[blobKey]*blob
	used   map[string][]part // by image, as its manifest was when it could be read last
	before map[*blob]blob    // what was known, before the last run, of what was bad then
	down   bool              // that nothing of the store was well then
}

// A part is a blob that an image needs, and for which step.
type part struct {
	step string
	blob blobKey
}

// A blob is what is known of one.
type blob struct {
	tried    time.Time     // when it was read in full, or could not be; then it is the turn of others
	verified time.Time     // when it was found right; zero: not yet, or no longer
	partial  *verification // of a large one that is being read
	bad      *bad
}

// bad is a blob that could be read as it should not be, though the store was well.
type bad struct {
	reason, cache string
	full          bool // only reading it to its end shows it
	since         time.Time
	wellSince     time.Time // of the runs that have seen it well since; zero: the last one has not
	confirmed     bool      // that was so again when it was read later
	again         time.Time // not to be read before
}

// fails says whether a pull fails for it. When two runs in a row have seen it well it does no longer, even if we look again
// later: behind a balancer, one may have been lucky.
func (b *bad) fails(now time.Time) bool {
	return b.confirmed || b.wellSince.IsZero() || !b.wellSince.Before(now)
}

func newContent() *content {
	return &content{blobs: map[blobKey]*blob{}, used: map[string][]part{}}
}

// isContent says that an error is about what is stored, and not about who stores it.
func isContent(err error) bool {
	return slices.Contains([]string{source.ReasonDigestMismatch, source.ReasonShortRead, source.ReasonMissingBlob}, source.Reason(err))
}

func (c *content) of(key blobKey) *blob {
	b := c.blobs[key]
	if b == nil {
		b = &blob{}
		c.blobs[key] = b
	}
	return b
}

// settle learns from all findings of a run. When the store gave nothing that was well, it is the store. Nor is content to
// blame for what a run found during which the store may have gone or come back.
func (c *content) settle(findings []finding, now time.Time, rereadAfter time.Duration) {
	wasDown := c.down
	if c.down = !haveProof(findings); c.down {
		c.unlearn()
		return
	}
	c.before = map[*blob]blob{}
	for key, f := range decisive(findings) {
		b := c.of(key)
		if isContent(f.err) && wasDown {
			b.tried = time.Time{} // what only reading in full shows is to show again in the next run
			continue
		}
		if isContent(f.err) {
			c.before[b] = b.snapshot()
		}
		b.settle(f, now, rereadAfter)
	}
}

// haveProof says whether a configuration or layer was well, so that the store is. A manifest says nothing there, as caches
// have many of those; nor does what else a cache has, unless all that is bad came from one, too.
func haveProof(findings []finding) bool {
	inCache := !slices.ContainsFunc(findings, func(f finding) bool { return isContent(f.err) && f.cache != "hit" })
	return slices.ContainsFunc(findings, func(f finding) bool {
		return f.err == nil && f.step != stepManifest && (inCache || f.cache != "hit")
	})
}

// unlearn takes back what the last run found bad. It is read again before others.
func (c *content) unlearn() {
	for b, was := range c.before {
		was.tried = time.Time{}
		*b = was
	}
	c.before = nil
}

// decisive is the finding of each blob that counts: what images share is read more than once, and behind a balancer it may
// be bad once and well a moment later.
func decisive(findings []finding) map[blobKey]finding {
	some := map[blobKey]finding{}
	for _, f := range findings {
		if other, is := some[f.blob]; !is || f.weight() > other.weight() {
			some[f.blob] = f
		}
	}
	return some
}

// weight is greater for what says more of a blob.
func (f finding) weight() int {
	switch {
	case isContent(f.err):
		return 3
	case f.err == nil && f.full:
		return 2
	case f.err != nil:
		return 1
	}
	return 0
}

// snapshot is what is known of the blob now, whatever is learnt later.
func (b *blob) snapshot() blob {
	other := *b
	if b.bad != nil {
		other.bad = new(*b.bad)
	}
	return other
}

func (b *blob) settle(f finding, now time.Time, rereadAfter time.Duration) {
	isBad := isContent(f.err)
	if b.bad == nil && !isBad {
		return
	}
	if b.bad == nil {
		b.bad = &bad{since: now, full: f.full}
	} else {
		b.bad.see(f, now)
		switch {
		case now.Before(b.bad.again):
			return
		case isBad:
			b.bad.confirmed = true
		case f.err == nil && f.full:
			b.bad = nil
			return
		case f.err == nil:
			return
		}
	}
	b.bad.again = now.Add(rereadAfter)
	if isBad {
		b.bad.reason, b.bad.cache = source.Reason(f.err), f.cache
		b.verified, b.partial = time.Time{}, nil
	}
}

// see notes whether a run has seen it well, as far as it looked.
func (b *bad) see(f finding, now time.Time) {
	switch {
	case isContent(f.err):
		b.wellSince = time.Time{}
	case f.err == nil && (f.full || !b.full) && b.wellSince.IsZero():
		b.wellSince = now
	}
}

// uses notes what an image needs. Of what was needed before and is no longer, nothing stays.
func (c *content) uses(v *visit) {
	key := func(d digest.Digest) blobKey { return blobKey{v.image.Repository, d} }
	var parts []part
	if v.child != "" {
		parts = append(parts, part{stepManifest, key(v.child)})
	}
	if v.manifest == nil { // what else it needs cannot be known now
		for _, p := range c.used[v.image.Name] {
			if !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
	} else {
		parts = append(parts, part{stepConfig, key(v.manifest.Config.Digest)})
		for _, l := range v.layers {
			parts = append(parts, part{stepLayers, key(l.Digest)})
		}
	}
	c.used[v.image.Name] = parts
}

// forget drops what no image needs.
func (c *content) forget(images []*client.Image) {
	maps.DeleteFunc(c.used, func(name string, _ []part) bool {
		return !slices.ContainsFunc(images, func(i *client.Image) bool { return i.Name == name })
	})
	needed := map[blobKey]bool{}
	for _, parts := range c.used {
		for _, p := range parts {
			needed[p.blob] = true
		}
	}
	maps.DeleteFunc(c.blobs, func(key blobKey, _ *blob) bool { return !needed[key] })
}

// remembered is the error of what is bad of an image in a step, though this run may have seen nothing of it.
func (c *content) remembered(image, step string, now time.Time) error {
	for _, p := range c.used[image] {
		b := c.blobs[p.blob]
		if p.step != step || b == nil || b.bad == nil || !b.bad.fails(now) {
			continue
		}
		text := "was bad %s ago, and counts as such until it is read to its end and well, in %s at the earliest"
		return answered{source.Failed(b.bad.reason, "%s %s", p.blob.digest,
			fmt.Sprintf(text, now.Sub(b.bad.since).Round(time.Second), max(0, b.bad.again.Sub(now)).Round(time.Second))), b.bad.cache}
	}
	return nil
}

// badSamples count the bad blobs of an image.
func (c *content) badSamples(about ...string) []source.Sample {
	image := about[len(about)-1]
	counts := map[[2]string]float64{}
	for _, p := range c.used[image] {
		if b := c.blobs[p.blob]; b != nil && b.bad != nil {
			counts[[2]string{b.bad.reason, fmt.Sprint(b.bad.confirmed)}]++
		}
	}
	var samples []source.Sample
	for key, n := range counts {
		samples = append(samples, pullContentBad.Sample(n, append(slices.Clone(about), key[:]...)...))
	}
	return samples
}

// verified are how many of the layers of an image were found right, and when the last of them was.
func (c *content) verified(image string) (n int, last time.Time) {
	for _, p := range c.used[image] {
		if b := c.blobs[p.blob]; p.step == stepLayers && b != nil && !b.verified.IsZero() {
			n++
			if b.verified.After(last) {
				last = b.verified
			}
		}
	}
	return n, last
}
