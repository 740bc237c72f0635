package clients

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

func (s *site) craneOptions(ctx context.Context) []remote.Option {
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(s.transport()), remote.WithJobs(1),
		remote.WithRetryBackoff(remote.Backoff{Duration: time.Millisecond, Factor: 1, Steps: 3}),
	}
	if user, pass := s.user(); user != "" {
		options = append(options, remote.WithAuth(&authn.Basic{Username: user, Password: pass}))
	}
	return options
}

// onLoopback marks a pull or push as skipped when crane's library refused another host because it is on loopback, as
// every host is in these tests. The library goes to other hosts with public addresses.
func onLoopback(r result) result {
	if r.err != nil && (strings.Contains(r.err.Error(), "SSRF protection") || strings.Contains(r.err.Error(), "private or link-local")) {
		return result{skipped: "crane goes to no other host on loopback"}
	}
	return r
}

// cranePull reads a whole image with the library of crane.
func cranePull(ctx context.Context, s *site, tag string) result {
	return onLoopback(cranePullAll(ctx, s, tag))
}

func cranePullAll(ctx context.Context, s *site, tag string) result {
	ref, err := name.ParseReference(s.host() + "/" + repository + ":" + tag)
	if err != nil {
		return s.failed("resolve", err)
	}
	platform, err := v1.ParsePlatform(s.nodePlatform())
	if err != nil {
		return s.failed("resolve", err)
	}
	img, err := remote.Image(ref, append(s.craneOptions(ctx), remote.WithPlatform(*platform))...)
	if err != nil {
		return s.failed("resolve", err)
	}
	if _, err := img.RawManifest(); err != nil {
		return s.failed("resolve", err)
	}
	if _, err := img.RawConfigFile(); err != nil {
		return failedAt("config", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return failedAt("manifest", err)
	}
	for _, l := range layers {
		if err := readAll(l); err != nil {
			return failedAt("layer", err)
		}
	}
	return result{}
}

func readAll(l v1.Layer) error {
	r, err := l.Compressed()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}

// cranePush pushes an image, and pulls it to see that it arrived.
func cranePush(ctx context.Context, s *site) result {
	r := onLoopback(cranePushOnly(ctx, s))
	if !r.ok() || r.skipped != "" {
		return r
	}
	return readBack(cranePull(ctx, s, pushed))
}

func cranePushOnly(ctx context.Context, s *site) result {
	ref, err := name.ParseReference(s.host() + "/" + repository + ":" + pushed)
	if err != nil {
		return s.failed("start", err)
	}
	img, err := partial.CompressedToImage(craneImage{s.newPushed()})
	if err != nil {
		return s.failed("start", err)
	}
	if err := remote.Write(ref, img, s.craneOptions(ctx)...); err != nil {
		return s.failed("start", err)
	}
	return result{}
}

// A craneImage is an image for crane's library.
type craneImage struct{ *image }

// RawConfigFile implements partial.CompressedImageCore.
func (i craneImage) RawConfigFile() ([]byte, error) { return i.config, nil }

// MediaType implements partial.CompressedImageCore.
func (i craneImage) MediaType() (types.MediaType, error) { return types.MediaType(i.mediaType), nil }

// RawManifest implements partial.CompressedImageCore.
func (i craneImage) RawManifest() ([]byte, error) { return i.manifest, nil }

// LayerByDigest implements partial.CompressedImageCore.
func (i craneImage) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	for _, l := range i.layers {
		if digest.FromBytes(l).String() == h.String() {
			return craneLayer(l), nil
		}
	}
	return nil, errors.New("no such layer")
}

// A craneLayer has the bytes of one layer.
type craneLayer []byte

// Digest implements partial.CompressedLayer.
func (l craneLayer) Digest() (v1.Hash, error) { return v1.NewHash(digest.FromBytes(l).String()) }

// Compressed implements partial.CompressedLayer.
func (l craneLayer) Compressed() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(l)), nil }

// Size implements partial.CompressedLayer.
func (l craneLayer) Size() (int64, error) { return int64(len(l)), nil }

// MediaType implements partial.CompressedLayer.
func (l craneLayer) MediaType() (types.MediaType, error) { return typeLayer, nil }
