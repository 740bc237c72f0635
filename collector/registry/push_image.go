package registry

import (
	"context"
	"fmt"
	"net/http"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// tryImage pushes an image, pulls it and deletes it.
func (w *writer) tryImage(ctx context.Context, img *canaryImage, tag string) error {
	if err := w.pushImage(ctx, img, tag); err != nil {
		return err
	}
	if err := w.step(ctx, "read_back", func() (string, error) { return w.readBack(ctx, img, tag) }); err != nil {
		return err
	}
	return w.step(ctx, "delete", func() (string, error) { return w.deleteManifest(ctx, img.manifest.digest), nil })
}

// pushImage sends the blobs even when the registry has them: asking for them would not show that it can store any. The
// registry keeps one copy of each. The layer goes as docker and podman send it, the config as containerd does.
func (w *writer) pushImage(ctx context.Context, img *canaryImage, tag string) error {
	err := w.step(ctx, "blobs", func() (string, error) {
		for _, send := range []func() error{
			func() error { return w.pushBlob(ctx, img.layer, true) },
			func() error { return w.pushBlob(ctx, img.config, false) },
		} {
			if err := send(); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("2 blobs, %d bytes", w.sent), nil
	})
	if err != nil {
		return err
	}
	return w.step(ctx, "manifest", func() (string, error) { return w.pushManifest(ctx, img.manifest, tag) })
}

// pushBlob sends a blob: when patch is set with PATCH, and a PUT without bytes, or else with PUT alone.
func (w *writer) pushBlob(ctx context.Context, b canaryBlob, patch bool) error {
	claimed, there, err := w.start(ctx, b.digest)
	if err == nil && claimed {
		err = w.noteClaim(ctx, b)
	}
	if err != nil || there {
		return err
	}
	if !patch {
		return w.commit(ctx, b, b.data)
	}
	if err := w.chunk(ctx, b.data); err != nil {
		return err
	}
	return w.commit(ctx, b, nil)
}

// pushManifest asks what the tag names (HEAD) and puts the manifest under the tag. A registry whose tags are immutable
// may refuse a tag that already names this manifest: earlier pushes got through, so the refusal is a note and no error.
func (w *writer) pushManifest(ctx context.Context, m canaryBlob, tag string) (note string, err error) {
	tagged, err := w.headManifest(ctx, tag)
	if err != nil {
		return "", err
	}
	err = w.putManifest(ctx, m, tag)
	if source.Reason(err) == source.ReasonPolicy && tagged.Header.Get("Docker-Content-Digest") == m.digest {
		return fmt.Sprintf("%s names the same manifest already, and a rule keeps it: %s", tag, err), nil
	}
	return tag, err
}

// putManifest sends a manifest and tags it.
func (w *writer) putManifest(ctx context.Context, m canaryBlob, tag string) error {
	a, err := w.askAgain(ctx, http.MethodPut, w.urlOf("manifests/"+tag), m.data, http.Header{"Content-Type": {m.mediaType}})
	switch {
	case err != nil:
		return err
	case a.Status/100 != 2:
		return w.refusal(a, http.MethodPut)
	}
	w.sent += len(m.data)
	return sameDigest(a, m.digest)
}

// deleteManifest deletes a manifest by digest. No client does so, most registries do not support it and most accounts may
// not: a failure is a note.
func (w *writer) deleteManifest(ctx context.Context, digest string) (note string) {
	a, err := w.ask(ctx, http.MethodDelete, w.urlOf("manifests/"+digest), nil, nil)
	if err == nil && a.Status/100 != 2 {
		err = client.WriteRefusal(a, http.MethodDelete)
	}
	switch {
	case err == nil:
		return ""
	case lacksRights(err):
		return fmt.Sprintf("these credentials lack the right to delete, so the image stays: %s", err)
	}
	return fmt.Sprintf("the image stays: %s", err)
}
