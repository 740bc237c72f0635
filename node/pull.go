package node

import (
	"context"
	goruntime "runtime"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// Bounds of a pull.
const (
	maxIndexes = 8  // in each other
	maxLayers  = 50 // that are asked for
)

// pullImage asks for an image as a runtime does, up to the heads of its layers: their bytes are left to the probe pull.
func pullImage(ctx context.Context, s *client.Session, repository, tag string) error {
	m, err := manifestOf(ctx, s, repository, tag)
	for n := 0; err == nil && m.IsIndex; n++ {
		if n == maxIndexes {
			return source.Failed(source.ReasonBadAnswer, "more than %d indexes in each other", maxIndexes)
		}
		d, wrong := m.ForPlatform("linux/" + goruntime.GOARCH)
		if wrong != nil {
			return wrong
		}
		m, err = manifestBy(ctx, s, repository, d)
	}
	if err != nil {
		return err
	}
	for i, d := range append([]client.Descriptor{m.Config}, m.Layers...) {
		if i == maxLayers {
			break
		}
		if d.IsForeign() {
			continue
		}
		resp, err := s.Head(ctx, repository, "blobs/"+d.Digest.String(), nil)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return ask.RefusalOf(resp)
		}
	}
	return nil
}

// manifestOf is the manifest or index of a tag.
func manifestOf(ctx context.Context, s *client.Session, repository, tag string) (*client.Manifest, error) {
	resp, err := s.Head(ctx, repository, "manifests/"+tag, client.AcceptManifests)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return nil, ask.RefusalOf(resp)
	}
	d, err := client.DescriptorOf(resp)
	if err != nil {
		return nil, err
	}
	if d.Digest == "" { // clients ask with GET then
		if resp, err = s.Open(ctx, repository, "manifests/"+tag, client.AcceptManifests); err != nil {
			return nil, err
		}
		if d, err = client.DescriptorOfBody(resp); err != nil {
			return nil, err
		}
	}
	return manifestBy(ctx, s, repository, d)
}

// manifestBy is the manifest that a descriptor describes.
func manifestBy(ctx context.Context, s *client.Session, repository string, d client.Descriptor) (*client.Manifest, error) {
	resp, err := s.Open(ctx, repository, "manifests/"+d.Digest.String(), d.Accept())
	if err != nil {
		return nil, err
	}
	return client.ReadManifest(resp, d)
}
