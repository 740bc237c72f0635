package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// firstPart is how many bytes of a layer are read when the server ignores the range and sends all of it.
const firstPart = 64 << 10

// readable returns the layers that a registry has to have, each once. It leaves out foreign layers, which clients fetch
// from elsewhere.
func readable(layers []client.Descriptor) []client.Descriptor {
	var all []client.Descriptor
	seen := map[digest.Digest]bool{}
	for _, l := range layers {
		if !l.IsForeign() && !seen[l.Digest] {
			seen[l.Digest] = true
			all = append(all, l)
		}
	}
	return all
}

// readConfig reads the config of the image in full and checks its digest.
func (ip *imagePull) readConfig(ctx context.Context) error {
	config := ip.manifest.Config
	return firstError(ip.readMore(ctx, config, newVerification(config.Digest), config.Size), nodesRefuse(config))
}

// A nodesRefuseError is about a part of an image that nodes refuse, though its bytes match the digest.
type nodesRefuseError struct{ error }

func (n nodesRefuseError) Unwrap() error { return n.error }

// nodesRefuse returns an error when no node takes an image with this manifest, config or layer, though its bytes are right.
func nodesRefuse(d client.Descriptor) error {
	switch {
	case d.Size == 0:
		return nodesRefuseError{source.Failed(source.ReasonBadAnswer, "it has 0 bytes: containerd refuses it, podman takes it")}
	case d.Digest.Algorithm() != digest.SHA256:
		return nodesRefuseError{source.Failed(source.ReasonBadAnswer, "its digest is of %s: containerd and podman hold blobs against sha256 alone", d.Digest.Algorithm())}
	}
	return nil
}

// readEnds reads the last byte of each layer. A registry may know the size of a layer and have lost its end: it cannot
// send this byte. The error is that of the first layer that fails. After an error that is not about content, such as a
// timeout, readEnds asks for no more layers: the store is in trouble. It notes a layer that nodes refuse in ip.refused.
func (ip *imagePull) readEnds(ctx context.Context) error {
	var first error
	for i, l := range ip.layersOfThisRun() {
		if i == 0 {
			ip.timed = l.Digest
		}
		if ip.hasLength(ctx, l) {
			ip.lengths++
			ip.refused = firstError(ip.refused, ofLayer(l, nodesRefuse(l)))
			continue
		}
		err := ip.readEnd(ctx, l)
		ip.noteRead(stepLayers, l.Digest, false, err)
		if err == nil {
			ip.refused = firstError(ip.refused, ofLayer(l, nodesRefuse(l)))
			continue
		}
		ip.failed[l.Digest] = true
		first = firstError(first, ofLayer(l, err))
		if !isContent(err) {
			break
		}
	}
	return first
}

// ofLayer adds to err the layer that it is about; nil stays nil.
func ofLayer(l client.Descriptor, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("layer %s: %w", l.Digest, err)
}

// maxEnds bounds the layers whose last byte one run asks for, of all its images. A registry may name thousands of layers,
// and redirect each request to another host.
const maxEnds = 300

// layersOfThisRun returns all layers of the image or, when they are more than its part of maxEnds, as many as that, in
// turn.
func (ip *imagePull) layersOfThisRun() []client.Descriptor {
	most := max(1, maxEnds/len(ip.images))
	if len(ip.layers) <= most {
		return ip.layers
	}
	from := ip.nextEnd[ip.image.Name] % len(ip.layers)
	ip.nextEnd[ip.image.Name] = from + most
	return slices.Concat(ip.layers[from:], ip.layers[:from])[:most]
}

// firstError returns a, or b when a is nil.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// readEnd reads the last byte of a layer, or its first 64 KiB when the server ignores ranges. When no byte comes, it
// tries once more.
func (ip *imagePull) readEnd(ctx context.Context, l client.Descriptor) error {
	err := ip.readEndOnce(ctx, l)
	if wasCut(err) {
		err = ip.readEndOnce(ctx, l)
	}
	return err
}

func (ip *imagePull) readEndOnce(ctx context.Context, l client.Descriptor) error {
	if l.Size == 0 {
		return ip.readMore(ctx, l, newVerification(l.Digest), 0)
	}
	start := time.Now()
	return ip.readBlob(ctx, l, l.Size-1, 1, func(resp *http.Response, isPart bool) error {
		if _, err := ip.copyBytes(ctx, io.Discard, resp, 1); err != nil {
			return err
		}
		if l.Digest == ip.timed {
			ip.firstByte = time.Since(start)
		}
		if isPart {
			ip.ends++
			return ip.wantEnd(resp, isPart)
		}
		ip.begins++
		ip.known(l).sentWhole = time.Now()
		_, err := ip.copyBytes(ctx, io.Discard, resp, min(l.Size, firstPart)-1)
		return err
	})
}
