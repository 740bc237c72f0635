package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// day is the time in which pull.whole may be read, and after which a layer that took too long is tried again.
const day = 24 * time.Hour

// A dailyBytes counts what was read of layers that a server sends as a whole only.
type dailyBytes struct {
	since time.Time // the beginning of the day that is counted; zero: nothing was read
	used  int64     // bytes since then
}

// has says whether n more bytes are within the limit of the day, at now.
func (b *dailyBytes) has(n, limit int64, now time.Time) bool {
	if now.Sub(b.since) >= day {
		*b = dailyBytes{since: now}
	}
	return n <= limit-b.used
}

// isSentWhole says whether the server sent all of a layer when its last byte was asked for, within a day, and it is too large
// for a run. After a day it is asked for its last byte again: a cache knows ranges once it has the layer.
func (ip *imagePull) isSentWhole(l client.Descriptor) bool {
	return l.Size > ip.maxBytes && time.Since(ip.known(l).sentWhole) < day
}

// known is what is known of a layer.
func (ip *imagePull) known(l client.Descriptor) *blob {
	return ip.memory.blob(blobKey{ip.image.Repository, l.Digest})
}

// hasLength says whether HEAD of a layer tells its right length. A layer that is sent as a whole is not asked for just to
// hang up on it: a cache would fetch it again and again. Clients do not ask so: any other answer is no verdict.
func (ip *imagePull) hasLength(ctx context.Context, l client.Descriptor) bool {
	if l.Size <= firstPart || !ip.isSentWhole(l) || ip.known(l).bad != nil {
		return false
	}
	resp, err := ip.session.Head(ctx, ip.image.Repository, "blobs/"+l.Digest.String(), http.Header{})
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK && resp.ContentLength == l.Size
}

// readWhole reads one of the layers that the server sends as a whole only: the first for which there is room in pull.whole
// today. It begins only while half of the run is left: it must not hang up on the layer in the midst.
func (p *puller) readWhole(ctx context.Context, layers []nextLayer) {
	ctx, cancel := partOf(ctx, 9, 10)
	defer cancel()
	if end, limited := ctx.Deadline(); limited && time.Until(end) < min(p.every, maxPull)/2 {
		return
	}
	for _, l := range layers {
		now := time.Now()
		if l.isSentWhole(l.layer) && !now.Before(l.blob.notBefore) && p.memory.today.has(l.layer.Size, p.whole, now) {
			l.verifyWhole(ctx)
			return
		}
	}
}

// verifyWhole reads the layer from its beginning to its end and notes the outcome. A layer whose bytes still come when the run
// ends is no fault of the registry: clients have no such limit. It is told, and tried again after a day.
func (l nextLayer) verifyWhole(ctx context.Context) {
	start, before := time.Now(), l.bytes
	today := &l.memory.today
	counted := l.bytes
	r := newVerification(l.layer.Digest)
	err := l.resume(ctx, l.layer, r, l.layer.Size, true, func() bool {
		today.used += l.bytes - counted
		counted = l.bytes
		return today.has(l.layer.Size, l.whole, time.Now())
	})
	today.used += l.bytes - counted
	l.steps[len(l.steps)-1].Took += time.Since(start)
	if errors.Is(err, context.DeadlineExceeded) && l.bytes > before {
		l.blob.notBefore = time.Now().Add(day)
		return
	}
	l.note(err)
}

// unverified are the layers of the image that were never read in full, as the server sends them as a whole only. A bad one is
// told as such.
func (ip *imagePull) unverified() (all []client.Descriptor) {
	for _, l := range ip.layers {
		if b := ip.known(l); ip.isSentWhole(l) && b.verified.IsZero() && b.bad == nil {
			all = append(all, l)
		}
	}
	return all
}

// unverifiedText says for people why layers were never read in full; it is empty when all were.
func (ip *imagePull) unverifiedText() string {
	var large, slow, waiting int
	for _, l := range ip.unverified() {
		switch b := ip.known(l); {
		case l.Size > ip.whole:
			large++
		case !b.notBefore.IsZero():
			slow++
		default:
			waiting++
		}
	}
	text := ""
	for _, why := range []struct {
		n    int
		text string
	}{
		{large, "%d larger than pull.whole (" + byteText(ip.whole) + " a day)"},
		{slow, "%d not in the time of a run"},
		{waiting, "%d not yet in turn"},
	} {
		if why.n > 0 {
			text += ", " + fmt.Sprintf(why.text, why.n)
		}
	}
	if text == "" {
		return ""
	}
	return "; never read in full, as the server sends them as a whole only: " + text[2:]
}

// findings are about layers that no run has read in full, of which success says nothing, and about platforms that never were
// there.
func (p *puller) findings(_ *source.View, res source.Result) []source.Finding {
	found := absentFindings(res)
	for _, s := range res.All(pullUnverified) {
		if s.Value > 0 {
			found = append(found, source.Finding{
				State: source.StateWarning, Try: res.Place().Fill(source.TryPull),
				What: fmt.Sprintf("layers of %s that were never read in full, so that nobody knows whether they are well: %.0f. The server sends layers as a whole only, and pull.whole (%s a day) bounds that",
					s.Label("image"), s.Value, byteText(p.whole)),
			})
		}
	}
	return found
}
