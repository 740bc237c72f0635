package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// A nextLayer is a layer that may be read in full in this run.
type nextLayer struct {
	*imagePull
	layer client.Descriptor
	blob  *blob
}

// readInFull reads layers to their end and checks their digests, max_bytes in one run. It begins with bad layers that are
// to be read again, and goes on with the layer that no run has read for longest. A layer larger than max_bytes is read in
// parts, from run to run, or by readWhole.
//
// Example: max_bytes is 12 and the layers have 12, 12 and 30 bytes. One run reads the first and the next run the second;
// three more read 12, 12 and 6 bytes of the third.
func (p *puller) readInFull(ctx context.Context, pulls []*imagePull) {
	left := p.maxBytes
	layers := p.nextLayers(pulls, time.Now())
	for _, l := range layers {
		if l.isSentWhole(l.layer) {
			continue
		}
		n, before := l.bytesNow(left), l.bytes
		if n == 0 {
			break
		}
		if !l.verify(ctx, n) {
			return
		}
		left -= l.bytes - before
	}
	p.readWhole(ctx, layers)
}

// nextLayers returns the layers of all images that may be read in full now, each once, in the order in which to read
// them.
func (p *puller) nextLayers(pulls []*imagePull, now time.Time) []nextLayer {
	var all []nextLayer
	seen := map[blobKey]bool{}
	for _, ip := range pulls {
		if !ip.reachedLayers() {
			continue
		}
		for _, l := range ip.layers {
			key := blobKey{ip.image.Repository, l.Digest}
			b := p.memory.blob(key)
			if l.Size > 0 && !seen[key] && !ip.failed[l.Digest] && (b.bad == nil || !now.Before(b.bad.again)) {
				all = append(all, nextLayer{ip, l, b})
			}
			seen[key] = true
		}
	}
	slices.SortStableFunc(all, func(a, b nextLayer) int {
		if a.blob.bad != nil != (b.blob.bad != nil) {
			return int(source.Bool01(b.blob.bad != nil) - source.Bool01(a.blob.bad != nil))
		}
		return a.blob.tried.Compare(b.blob.tried)
	})
	return all
}

// reachedLayers says whether the pull reached the step layers, and the store answered there, be the bytes right or wrong.
func (ip *imagePull) reachedLayers() bool {
	last := ip.steps[len(ip.steps)-1]
	return last.Name == stepLayers && (last.Err == nil || isContent(last.Err))
}

// isLarge says whether the layer has more than max_bytes.
func (l nextLayer) isLarge() bool { return l.layer.Size > l.maxBytes }

// bytesNow returns how many bytes of the layer to read now, when left bytes may still be read in this run; 0: the layer
// waits for the next run. A large layer that is bad leaves half of each run to the others.
func (l nextLayer) bytesNow(left int64) int64 {
	switch {
	case !l.isLarge() && l.layer.Size > left:
		return 0
	case !l.isLarge():
		return l.layer.Size
	case l.blob.bad != nil:
		left = min(left, l.maxBytes/2)
	}
	if l.blob.partial == nil {
		return left
	}
	return min(left, l.layer.Size-l.blob.partial.offset)
}

// read reads n more bytes of the layer.
func (l nextLayer) read(ctx context.Context, n int64) (*verification, error) {
	r := l.blob.partial
	if r == nil || !l.isLarge() {
		r = newVerification(l.layer.Digest)
	}
	return r, l.readMore(ctx, l.layer, r, n)
}

// verify reads n more bytes of the layer and notes the outcome. It returns false when the store is in trouble.
func (l nextLayer) verify(ctx context.Context, n int64) (goOn bool) {
	start := time.Now()
	verification, err := l.read(ctx, n)
	atEnd := verification.offset == l.layer.Size
	l.blob.partial = nil
	if l.isLarge() && !atEnd && !isContent(err) && !errors.Is(err, errNoRanges) {
		l.blob.partial = verification
	}
	l.steps[len(l.steps)-1].Took += time.Since(start)
	switch {
	case err == nil && !atEnd:
		l.inParts++
		return true
	case errors.Is(err, errNoRanges): // readWhole reads it
		l.blob.sentWhole = time.Now()
		return true
	}
	l.note(err)
	return err == nil || isContent(err)
}

// note notes the outcome of reading the layer to its end, or as far as it came.
func (l nextLayer) note(err error) {
	if err == nil {
		l.inFull++
		l.blob.verified, l.blob.sentWhole, l.blob.notBefore = time.Now(), time.Time{}, time.Time{}
	} else {
		layers := &l.steps[len(l.steps)-1]
		layers.Err = firstError(layers.Err, ofLayer(l.layer, err))
	}
	l.blob.tried = time.Now()
	l.noteRead(stepLayers, l.layer.Digest, true, err)
}

// layersText says for people how much was read of the layers.
func (ip *imagePull) layersText() string {
	text := fmt.Sprintf("last bytes of %d layers", ip.ends)
	for _, more := range []struct {
		n    int
		text string
	}{
		{ip.begins, ", first ones of %d"},
		{ip.lengths, ", lengths of %d"},
	} {
		if more.n > 0 {
			text += fmt.Sprintf(more.text, more.n)
		}
	}
	text += fmt.Sprintf(", %d read in full", ip.inFull)
	if ip.inParts > 0 {
		text += fmt.Sprintf(", %d in part", ip.inParts)
	}
	if left := len(ip.manifest.Layers) - len(ip.layers); left > 0 {
		text += fmt.Sprintf(", %d doubled or foreign ones left out", left)
	}
	return text + ip.unverifiedText()
}
