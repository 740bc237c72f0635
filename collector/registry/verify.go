package registry

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// A verification is a blob that is being read, over several runs if it is large.
type verification struct {
	hash   hash.Hash
	offset int64
}

func newVerification(d digest.Digest) *verification { return &verification{hash: d.Algorithm().Hash()} }

// errNoRanges says that a large layer cannot be read in parts, which is no fault of it.
var errNoRanges = errors.New("the server sends layers as a whole only")

// readOn reads the next n bytes of a blob. At its end, the digest is to be right.
func (v *visit) readOn(ctx context.Context, d client.Descriptor, r *verification, n int64) error {
	start := time.Now()
	return v.readBlob(ctx, d, r.offset, n, func(resp *http.Response) error {
		if n < d.Size && !isPart(resp) {
			return errNoRanges
		}
		got, err := v.copyBytes(ctx, r.hash, resp, n)
		r.offset += got
		if got >= minMeasured {
			v.speed.add(got, time.Since(start))
		}
		if err == nil {
			err = v.wantEnd(resp)
		}
		if err != nil || r.offset < d.Size {
			return err
		}
		return r.verdict(d)
	})
}

// verdict says if all that was read is what the digest stands for.
func (r *verification) verdict(d client.Descriptor) error {
	if digest.NewDigest(d.Digest.Algorithm(), r.hash) != d.Digest {
		return source.Failed(source.ReasonDigestMismatch, "what was read is not what the digest says")
	}
	return nil
}

// A turn is that of a layer to be read in full.
type turn struct {
	*visit
	layer client.Descriptor
	blob  *blob
}

// readInFull reads layers to their end, as much as may be in one run: first what was bad and may be well again, then
// those whose turn was longest ago. Large ones are read in parts, from run to run.
func (p *puller) readInFull(ctx context.Context, visits []*visit) {
	left := p.maxBytes
	for _, t := range p.turns(visits, time.Now()) {
		n, before := t.next(left), t.bytes
		if n == 0 || !t.verify(ctx, n) {
			return
		}
		left -= t.bytes - before
	}
}

func (p *puller) turns(visits []*visit, now time.Time) []turn {
	var all []turn
	seen := map[blobKey]bool{}
	for _, v := range visits {
		if !v.lookedAtLayers() {
			continue
		}
		for _, l := range v.layers {
			key := blobKey{v.image.Repository, l.Digest}
			b := p.memory.of(key)
			if !seen[key] && !v.failed[l.Digest] && (b.bad == nil || !now.Before(b.bad.again)) {
				all = append(all, turn{v, l, b})
			}
			seen[key] = true
		}
	}
	slices.SortStableFunc(all, func(a, b turn) int {
		if a.blob.bad != nil != (b.blob.bad != nil) {
			return int(source.Bool01(b.blob.bad != nil) - source.Bool01(a.blob.bad != nil))
		}
		return a.blob.tried.Compare(b.blob.tried)
	})
	return all
}

// lookedAtLayers says that the store gave us what it has of them, be it right or wrong.
func (v *visit) lookedAtLayers() bool {
	last := v.steps[len(v.steps)-1]
	return last.Name == stepLayers && (last.Err == nil || isContent(last.Err))
}

// isLarge says that the layer does not fit into one run.
func (t turn) isLarge() bool { return t.layer.Size > t.maxBytes }

// next is how much of the layer to read now, of at most left bytes; 0 when it has to wait for the next run. A large one
// that is bad leaves half of each run to the others.
func (t turn) next(left int64) int64 {
	switch {
	case !t.isLarge() && t.layer.Size > left:
		return 0
	case !t.isLarge():
		return t.layer.Size
	case t.blob.bad != nil:
		left = min(left, t.maxBytes/2)
	}
	if t.blob.partial == nil {
		return left
	}
	return min(left, t.layer.Size-t.blob.partial.offset)
}

// read reads n more bytes of the layer. What comes short is tried once more: a hole is there again, a connection that was cut off is not.
func (t turn) read(ctx context.Context, n int64) (*verification, error) {
	r := t.blob.partial
	if r == nil || !t.isLarge() {
		r = newVerification(t.layer.Digest)
	}
	end := r.offset + n
	err := t.readOn(ctx, t.layer, r, n)
	if source.Reason(err) != source.ReasonShortRead || r.offset == end {
		return r, err
	}
	if !t.isLarge() { // what is read in one go may be served as a whole only
		r = newVerification(t.layer.Digest)
	}
	return r, t.readOn(ctx, t.layer, r, end-r.offset)
}

// verify reads n more bytes of the layer, and notes what comes of it. It returns false when the store is in trouble.
func (t turn) verify(ctx context.Context, n int64) (goOn bool) {
	start := time.Now()
	verification, err := t.read(ctx, n)
	atEnd := verification.offset == t.layer.Size
	t.blob.partial = nil
	if t.isLarge() && !atEnd && !isContent(err) && !errors.Is(err, errNoRanges) {
		t.blob.partial = verification
	}
	layers := &t.steps[len(t.steps)-1]
	layers.Took += time.Since(start)
	switch {
	case err == nil && !atEnd:
		t.inParts++
		return true
	case errors.Is(err, errNoRanges): // all that can be read was, and well
		t.tooLarge++
		err = nil
	case err == nil:
		t.inFull++
		t.blob.verified = time.Now()
	default:
		layers.Err = firstError(layers.Err, fmt.Errorf("layer %s: %w", t.layer.Digest, err))
	}
	t.blob.tried = time.Now()
	t.find(stepLayers, t.layer.Digest, true, err)
	return err == nil || isContent(err)
}

// layersText says what was seen of the layers, and no more.
func (v *visit) layersText() string {
	text := fmt.Sprintf("last bytes of %d layers, %d read in full", v.ends, v.inFull)
	if v.begins > 0 {
		text = fmt.Sprintf("last bytes of %d layers, first ones of %d, %d read in full", v.ends, v.begins, v.inFull)
	}
	for _, more := range []struct {
		n    int
		text string
	}{
		{v.inParts, ", %d in part"},
		{v.tooLarge, ", %d larger than max_bytes not at all: the server sends layers as a whole only"},
		{len(v.manifest.Layers) - len(v.layers), ", %d empty, doubled or foreign ones left out"},
	} {
		if more.n > 0 {
			text += fmt.Sprintf(more.text, more.n)
		}
	}
	return text
}

// A speed is how much came, and how long that took.
type speed struct {
	bytes int64
	took  time.Duration
}

func (s *speed) add(n int64, took time.Duration) { s.bytes, s.took = s.bytes+n, s.took+took }
