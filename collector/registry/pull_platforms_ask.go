package registry

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// askPlatforms asks for other platforms of one image: the next one that could be pulled in this run. Its pull has shown
// that the store works, so a part that is missing is lost.
func (p *puller) askPlatforms(ctx context.Context, pulls []*imagePull) {
	if p.isCache {
		return
	}
	for _, ip := range pulls {
		if ip.manifest != nil {
			p.memory.platformsOf(ip.image.Name).forget(ip.others, time.Now())
		}
	}
	for range pulls {
		ip := pulls[p.memory.nextImage%len(pulls)]
		p.memory.nextImage++
		if len(ip.others) > 0 && ip.err() == nil {
			ip.platforms = p.newPlatformsPull(ip)
			ip.platforms.run(ctx)
			return
		}
	}
}

// A platformsPull asks for parts of other platforms of one image in one run.
type platformsPull struct {
	*imagePull               // with counters of its own
	known      *platforms    // run changes it
	own        *imagePull    // the pull of our platform
	left       int           // requests that it may still send
	took       time.Duration // duration of the whole run
	unknown    error         // why the run ended early; nil: it did not
}

func (p *puller) newPlatformsPull(ip *imagePull) *platformsPull {
	reader := &imagePull{puller: p, image: ip.image, session: ip.session, failed: map[digest.Digest]bool{}}
	return &platformsPull{imagePull: reader, known: p.memory.platformsOf(ip.image.Name), own: ip, left: maxOthers}
}

// run asks for lost parts with half of its requests, then for manifests with half of the rest, then for configs and
// layers. It ends early when an answer, such as a 503, tells neither that a part is there nor that it is lost.
func (p *platformsPull) run(ctx context.Context) {
	start := time.Now()
	p.known.isKnown = true
	for range len(p.known.lost) {
		if !p.mayAsk(maxOthers / 2) {
			break
		}
		p.askLost(ctx)
	}
	manifestsEnd := p.left / 2
	for range p.own.others {
		if !p.mayAsk(manifestsEnd) {
			break
		}
		p.askManifest(ctx)
	}
	for range p.own.others {
		if !p.mayAsk(0) {
			break
		}
		p.askParts(ctx)
	}
	p.took = time.Since(start)
}

// mayAsk says whether run may send two requests for a part, and have at least leaving requests left.
func (p *platformsPull) mayAsk(leaving int) bool { return p.unknown == nil && p.left-2 >= leaving }

// askLost asks for the lost part for which no run has asked for longest. It asks for a manifest with GET: HEAD of a
// damaged one may be answered well.
func (p *platformsPull) askLost(ctx context.Context) {
	l := p.known.lost[0]
	err := p.ask(ctx, l.platformPart, http.MethodGet)
	p.known.lost = p.known.lost[1:]
	switch {
	case isContent(err):
		l.err, l.again = l.about(err), true
		fallthrough
	case err != nil:
		p.known.lost = append(p.known.lost, l)
	}
}

// askManifest asks for the next manifest that is not known to be lost.
func (p *platformsPull) askManifest(ctx context.Context) {
	part := platformPart{manifest: p.own.others[p.known.nextManifest%len(p.own.others)]}
	p.known.nextManifest = (p.known.nextManifest + 1) % len(p.own.others)
	p.find(ctx, part)
}

// askParts reads the manifest of the next image, and asks for its config and its layers. When no requests are left, the
// next run goes on with the next part. When the next image is an index in the index, askParts asks for nothing in it.
func (p *platformsPull) askParts(ctx context.Context) {
	d := p.own.others[p.known.nextImage%len(p.own.others)]
	parts, err := p.partsOf(ctx, d)
	for err == nil && p.known.nextPart < len(parts) {
		if !p.mayAsk(0) {
			return
		}
		part := platformPart{d, parts[p.known.nextPart]}
		p.known.nextPart++
		p.find(ctx, part)
	}
	p.known.nextImage, p.known.nextPart = (p.known.nextImage+1)%len(p.own.others), 0
}

// partsOf reads a manifest, and returns its config and its layers. It leaves out those that the image of our platform
// has, too.
func (p *platformsPull) partsOf(ctx context.Context, d client.Descriptor) ([]client.Descriptor, error) {
	if p.known.isLost(platformPart{manifest: d}) || p.known.isAbsent(d) {
		return nil, nil
	}
	m, err := p.readManifestTwice(ctx, d)
	p.learn(platformPart{manifest: d}, err)
	if err != nil {
		return nil, p.note(err)
	}
	if m.IsIndex {
		return nil, nil
	}
	return slices.DeleteFunc(readable(append([]client.Descriptor{m.Config}, m.Layers...)), func(part client.Descriptor) bool {
		return part.Size == 0 || p.own.needs(part.Digest)
	}), nil
}

// readManifestTwice reads a manifest, and once more when it looks lost or damaged.
func (p *platformsPull) readManifestTwice(ctx context.Context, d client.Descriptor) (*client.Manifest, error) {
	p.left--
	m, err := p.readManifest(ctx, d)
	if isContent(err) {
		p.left--
		m, err = p.readManifest(ctx, d)
	}
	return m, err
}

// needs says whether the image has the config or layer d.
func (ip *imagePull) needs(d digest.Digest) bool {
	return d == ip.manifest.Config.Digest || slices.ContainsFunc(ip.layers, func(l client.Descriptor) bool { return l.Digest == d })
}

// find asks for a part that is not known to be lost, and notes the part when it is lost.
func (p *platformsPull) find(ctx context.Context, part platformPart) {
	if !p.known.isLost(part) {
		p.learn(part, p.ask(ctx, part, http.MethodHead))
	}
}

// learn notes a part as lost when err says so, and not when it is a manifest that never was there.
func (p *platformsPull) learn(part platformPart, err error) {
	isLost := isContent(err)
	if part.blob.Digest == "" {
		isLost = p.known.note(part.manifest, err)
	}
	if isLost && len(p.known.lost) < maxLost {
		p.known.lost = append(p.known.lost, lostPart{platformPart: part, err: part.about(err)})
	}
}

// about adds to err the part that it is about.
func (p platformPart) about(err error) error {
	what := "the image"
	if p.blob.Digest != "" {
		what = p.blob.Digest.String()
	}
	return fmt.Errorf("%s for %s (%s): %w", what, p.manifest.Platform(), p.manifest.Digest, err)
}

// ask asks for a part with method, and once more with GET when the part looks lost. A HEAD alone proves nothing: clients
// get blobs with GET.
func (p *platformsPull) ask(ctx context.Context, part platformPart, method string) error {
	err := p.askOnce(ctx, part, method)
	if isContent(err) || err != nil && method == http.MethodHead && ctx.Err() == nil { // some registries do not know HEAD
		err = p.askOnce(ctx, part, http.MethodGet)
	}
	return p.note(err)
}

// note ends the run at an error that is not about content. It returns err.
func (p *platformsPull) note(err error) error {
	if err != nil && !isContent(err) {
		p.unknown = err
	}
	return err
}

// askOnce asks for a manifest with method, or reads the last byte of a blob. Where the server sends blobs as a whole only, it
// asks for the blob's length with HEAD, or reads its first bytes with GET.
func (p *platformsPull) askOnce(ctx context.Context, part platformPart, method string) error {
	p.left--
	switch {
	case part.blob.Digest == "" && method == http.MethodGet:
		_, err := p.readManifest(ctx, part.manifest)
		return err
	case part.blob.Digest == "":
		return p.head(ctx, "manifests/"+part.manifest.Digest.String(), part.manifest)
	case p.own.ends > 0 || method == http.MethodGet:
		return p.readEndOnce(ctx, part.blob)
	}
	return p.head(ctx, "blobs/"+part.blob.Digest.String(), part.blob)
}

// head asks for status and length.
func (p *platformsPull) head(ctx context.Context, path string, d client.Descriptor) error {
	return p.imagePull.ask(ctx, http.MethodHead, path, d.Accept(), func(resp *http.Response) error {
		switch {
		case resp.StatusCode == http.StatusNotFound:
			return missing(resp)
		case resp.StatusCode != http.StatusOK:
			return ask.RefusalOf(resp)
		case resp.ContentLength >= 0 && resp.ContentLength < d.Size:
			return source.Failed(source.ReasonShortRead, "it has %d bytes, and should have %d", resp.ContentLength, d.Size)
		}
		return nil
	})
}
