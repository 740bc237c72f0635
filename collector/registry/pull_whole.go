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

// day is how long pull.whole bytes last, and after how long a layer that took too long is tried again.
const day = 24 * time.Hour

// A dailyBytes counts the bytes read of layers that a server sends as a whole only.
type dailyBytes struct {
	since time.Time // the beginning of the day that is counted; zero: nothing was read
	used  int64     // bytes since then
}

// has says whether, at now, n more bytes are within the limit of the day.
func (b *dailyBytes) has(n, limit int64, now time.Time) bool {
	if now.Sub(b.since) >= day {
		*b = dailyBytes{since: now}
	}
	return n <= limit-b.used
}

// isSentWhole says whether the layer is too large for a run, and the server answered a Range with all of it within the
// last day. After a day a run asks for the last byte again: a cache answers ranges once it has the layer.
func (ip *imagePull) isSentWhole(l client.Descriptor) bool {
	return l.Size > ip.maxBytes && time.Since(ip.known(l).sentWhole) < day
}

// known returns what is known of a layer.
func (ip *imagePull) known(l client.Descriptor) *blob {
	return ip.memory.blob(blobKey{ip.image.Repository, l.Digest})
}

// hasLength says whether HEAD of a layer tells its right length. HEAD stands in for the last byte of a layer that the
// server sends as a whole only: a GET that hangs up after some bytes would make a cache fetch the layer again and again.
// Clients send no such HEAD, so any other answer to it proves nothing.
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

// readWhole reads the first layer that the server sends as a whole only, and that fits into what is left of pull.whole
// today. It begins only while half of the run is left, so as not to hang up before the end of the layer.
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

// verifyWhole reads the layer from its beginning to its end and notes the outcome. When the run ends while bytes still
// come, the registry is not at fault: clients have no such limit. The report says so, and a run tries again after a day.
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

// unverified returns the layers of the image that no run has read in full, because the server sends them as a whole only.
// It leaves out bad layers, which have a failure of their own.
func (ip *imagePull) unverified() (all []client.Descriptor) {
	for _, l := range ip.layers {
		if b := ip.known(l); ip.isSentWhole(l) && b.verified.IsZero() && b.bad == nil {
			all = append(all, l)
		}
	}
	return all
}

// unverifiedText says why no run has read some layers in full; empty when every layer was read.
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

// findings warns of layers that no run has read in full, since success says nothing of them, and of platforms that never were
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
