package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// Media types of a canary.
const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// A canaryBlob is a blob or manifest to push, with its digest.
type canaryBlob struct {
	data      []byte
	digest    string // sha256:…
	mediaType string
}

func newCanaryBlob(data []byte, mediaType string) canaryBlob {
	return canaryBlob{data, fmt.Sprintf("sha256:%x", sha256.Sum256(data)), mediaType}
}

// A canaryImage is an image of one layer with one small file, which any client can pull. The same exporter and content
// always make the same bytes.
type canaryImage struct{ manifest, config, layer canaryBlob }

// newCanary makes the canary with that content. The manifest names the exporter, so that each exporter has a digest of its
// own: deleting a manifest by digest leaves those of other exporters.
func newCanary(exporter, content string) *canaryImage {
	layer := newCanaryBlob(layerOf(content), typeLayer)
	config := newCanaryBlob(mustJSON(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.digest}},
	}), typeConfig)
	manifest := newCanaryBlob(mustJSON(map[string]any{
		"schemaVersion": 2, "mediaType": typeManifest,
		"config": config.descriptor(), "layers": []any{layer.descriptor()},
		"annotations": map[string]string{"org.opencontainers.image.title": content, "org.opencontainers.image.authors": "registry_exporter on " + exporter},
	}), typeManifest)
	return &canaryImage{manifest, config, layer}
}

// descriptor is the blob as manifests name it.
func (b canaryBlob) descriptor() map[string]any {
	return map[string]any{"mediaType": b.mediaType, "digest": b.digest, "size": len(b.data)}
}

// mustJSON writes maps and slices of texts and numbers, which cannot fail.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// layerOf is a tar archive with the file registry_exporter of that content.
func layerOf(content string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b) // a buffer takes all: no write fails
	_ = w.WriteHeader(&tar.Header{Name: "registry_exporter", Mode: 0o444, Size: int64(len(content)), Format: tar.FormatUSTAR})
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	return b.Bytes()
}

// maxTag is the greatest length of a tag, by the specification of OCI distribution.
const maxTag = 128

// tagOf is a tag with the name of the exporter, such as canary-exporter.example.org. Signs that no tag may have become "-".
func tagOf(kind, exporter string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r)) {
			return r
		}
		return '-'
	}, exporter)
	tag := kind + "-" + clean
	return tag[:min(len(tag), maxTag)]
}

// tryImage pushes an image, reads it back and deletes it.
func (w *writer) tryImage(ctx context.Context, img *canaryImage, tag string) error {
	if err := w.pushImage(ctx, img, tag); err != nil {
		return err
	}
	if err := w.step(ctx, "read_back", func() (string, error) { return "", img.isAt(ctx, w.Session, w.repository, tag) }); err != nil {
		return err
	}
	return w.step(ctx, "delete", func() (string, error) { return w.deleteManifest(ctx, img.manifest.digest) })
}

// pushImage sends the blobs, even if the registry has them: asking would not show that it can store them. The registry
// keeps one copy of each.
func (w *writer) pushImage(ctx context.Context, img *canaryImage, tag string) error {
	err := w.step(ctx, "blobs", func() (string, error) {
		for _, b := range []canaryBlob{img.layer, img.config} {
			if err := w.start(ctx); err != nil {
				return "", err
			}
			if err := w.commit(ctx, b); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("2 blobs, %d bytes", w.sent), nil
	})
	if err != nil {
		return err
	}
	return w.step(ctx, "manifest", func() (string, error) { return tag, w.putManifest(ctx, img.manifest, tag) })
}

// putManifest sends a manifest and tags it.
func (w *writer) putManifest(ctx context.Context, m canaryBlob, tag string) error {
	a, err := w.ask(ctx, http.MethodPut, "/v2/"+w.repository+"/manifests/"+tag, m.data, http.Header{"Content-Type": {m.mediaType}})
	switch {
	case err != nil:
		return err
	case a.Status != http.StatusCreated:
		return writeRefusal(a)
	}
	w.sent += len(m.data)
	return nil
}

// deleteManifest deletes a manifest by digest. Most registries do not support it and most accounts may not: that is a note,
// not an error.
func (w *writer) deleteManifest(ctx context.Context, digest string) (note string, err error) {
	a, err := w.ask(ctx, http.MethodDelete, "/v2/"+w.repository+"/manifests/"+digest, nil, nil)
	switch {
	case lacksRights(err):
		return "not allowed with these credentials: the image stays", nil
	case err != nil:
		return "", err
	case a.Status == http.StatusAccepted, a.Status == http.StatusOK, a.Status == http.StatusNoContent:
		return "", nil
	case a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusForbidden:
		return "not allowed: the image stays", nil
	}
	return "", writeRefusal(a)
}

// isAt returns nil when the registry serves the manifest by its tag and by its digest, and both blobs, with the right bytes.
func (img *canaryImage) isAt(ctx context.Context, s *client.Session, repository, tag string) error {
	for _, part := range []struct {
		path string
		want canaryBlob
	}{
		{"manifests/" + tag, img.manifest},
		{"manifests/" + img.manifest.digest, img.manifest},
		{"blobs/" + img.config.digest, img.config},
		{"blobs/" + img.layer.digest, img.layer},
	} {
		a, err := s.Fetch(ctx, repository, part.path, part.want.mediaType)
		if err == nil {
			err = part.want.compare(a.Body)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part.path, err)
		}
	}
	return nil
}

// compare returns nil when got has the bytes of the blob, and else short_read or digest_mismatch.
func (b canaryBlob) compare(got []byte) error {
	switch {
	case bytes.Equal(got, b.data):
		return nil
	case len(got) < len(b.data) && bytes.HasPrefix(b.data, got):
		return source.Failed(source.ReasonShortRead, "%d of %d bytes", len(got), len(b.data))
	}
	return source.Failed(source.ReasonDigestMismatch, "%d bytes that are not those of %s", len(got), b.digest)
}
