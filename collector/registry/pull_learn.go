package registry

import (
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// A blobRead is how one blob was read in a run.
type blobRead struct {
	step  string // of the pull: manifest, config or layers
	blob  blobKey
	full  bool   // the run read it to its end, or as far as the server allows; false: only its last byte
	cache string // whether the answer came from a cache: hit, miss or none
	err   error  // nil: it was well
}

// weight orders reads of the same blob: the read with the greater weight tells more about the blob.
func (r blobRead) weight() int {
	switch {
	case isContent(r.err):
		return 3
	case r.err == nil && r.full:
		return 2
	case r.err != nil:
		return 1
	}
	return 0
}

// learn notes what a run that ended at now has read. A blob that could not be read well is bad, or the store behind the
// registry is down. These four runs, one after the other, show how learn tells which:
//
//	config well, layer A missing     A is bad.
//	config and layer A without bytes Nothing was well: the store is down. No blob is noted as bad, and A, which the run
//	                                 before found bad, no longer is: the store may have been going down then.
//	config well, layer B short       The run before found the store down: it may be coming back. B is not noted,
//	                                 and the next run reads it in full before others.
//	config well, layer B short       B is bad.
func (c *content) learn(reads []blobRead, now time.Time, rereadAfter time.Duration) {
	wasDown := c.wasDown
	if c.wasDown = !storeIsWell(reads); c.wasDown {
		c.unlearn()
		return
	}
	c.before = map[*blob]blob{}
	for key, r := range heaviest(reads) {
		b := c.blob(key)
		if isContent(r.err) && wasDown {
			b.tried = time.Time{} // the next run reads it in full: its last byte alone may look well
			continue
		}
		if isContent(r.err) {
			c.before[b] = b.snapshot()
		}
		b.learn(r, now, rereadAfter)
	}
}

// storeIsWell says whether the reads of a run prove that the store behind the registry works: a config or a layer came
// and was well.
//
// A manifest proves nothing: caches between here and the registry hold manifests. A config or layer with cache=hit proves
// nothing either, as the store was not asked:
//
//	config well (hit), layer short (none)  The cache has the config; the store may be down. No proof.
//	config well (hit), layer short (hit)   All bad bytes came from the cache: it holds a bad copy. Proof enough.
func storeIsWell(reads []blobRead) bool {
	badIsCached := !slices.ContainsFunc(reads, func(r blobRead) bool { return isContent(r.err) && r.cache != "hit" })
	return slices.ContainsFunc(reads, func(r blobRead) bool {
		return r.err == nil && r.step != stepManifest && (badIsCached || r.cache != "hit")
	})
}

// unlearn takes back what the last run found bad. The next run reads those blobs in full before others.
func (c *content) unlearn() {
	for b, was := range c.before {
		was.tried = time.Time{}
		*b = was
	}
	c.before = nil
}

// heaviest returns the read with the greatest weight of each blob. Two images that share a layer read it twice in a run.
// With two backends behind a balancer, the layer may be bad at first and well a moment later: then the bad read counts.
func heaviest(reads []blobRead) map[blobKey]blobRead {
	byBlob := map[blobKey]blobRead{}
	for _, r := range reads {
		if other, is := byBlob[r.blob]; !is || r.weight() > other.weight() {
			byBlob[r.blob] = r
		}
	}
	return byBlob
}

// snapshot returns a copy that does not change with b.
func (b *blob) snapshot() blob {
	other := *b
	if b.bad != nil {
		other.bad = new(*b.bad)
	}
	return other
}

// learn notes one read of the blob, by the run that ended at now.
//
// Example with rereadAfter 15m: at 10:00 the blob is short, so it is bad, and is read in full again at 10:15 or later. At
// 10:05 it is read well: it stays bad, and wellSince is 10:05. At 10:20 it is read in full. If it is well, it is bad no
// longer. If it is short again, it is confirmed, and is read in full again at 10:35 or later.
func (b *blob) learn(r blobRead, now time.Time, rereadAfter time.Duration) {
	isBad := isContent(r.err)
	if b.bad == nil && !isBad {
		return
	}
	if b.bad == nil {
		b.bad = &bad{since: now, full: r.full}
	} else {
		b.bad.note(r, now)
		switch {
		case now.Before(b.bad.again):
			return
		case isBad:
			b.bad.confirmed = true
		case r.err == nil && r.full:
			b.bad = nil
			return
		case r.err == nil:
			return
		}
	}
	b.bad.again = now.Add(rereadAfter)
	if isBad {
		b.bad.reason, b.bad.cache = source.Reason(r.err), r.cache
		b.verified, b.partial = time.Time{}, nil
	}
}

// note sets wellSince. When only reading the blob in full showed that it is bad, reading its last byte does not show that
// it is well.
func (b *bad) note(r blobRead, now time.Time) {
	switch {
	case isContent(r.err):
		b.wellSince = time.Time{}
	case r.err == nil && (r.full || !b.full) && b.wellSince.IsZero():
		b.wellSince = now
	}
}
