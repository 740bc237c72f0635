package registry

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"registry_exporter/collector/registry/client"
)

// Media types of a canary, and the other one that clients take for its manifest.
const (
	typeManifest       = "application/vnd.oci.image.manifest.v1+json"
	typeConfig         = "application/vnd.oci.image.config.v1+json"
	typeLayer          = "application/vnd.oci.image.layer.v1.tar+gzip"
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json" // some registries convert
)

// anyManifest is what clients accept under a tag: a registry may convert a manifest for those who accept fewer types.
var anyManifest = strings.Join(client.AcceptManifests.Values("Accept"), ", ")

// A canaryBlob is a blob or manifest to push, with its digest.
type canaryBlob struct {
	data      []byte
	digest    string // sha256:…
	mediaType string
}

func newCanaryBlob(data []byte, mediaType string) canaryBlob {
	return canaryBlob{data, fmt.Sprintf("sha256:%x", sha256.Sum256(data)), mediaType}
}

// A canaryImage is an image of one layer with one file, which any client can pull. The same exporter, content and size
// always make the same bytes.
type canaryImage struct{ manifest, config, layer canaryBlob }

// newCanary makes the canary with that content, in a file of size bytes at least. The manifest names the exporter, so
// that two exporters push manifests with two digests: deleting one by its digest leaves the other.
func newCanary(exporter, content string, size int64) *canaryImage {
	archive := tarOf(content, size)
	layer := newCanaryBlob(gzipOf(archive), typeLayer)
	config := newCanaryBlob(mustJSON(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{newCanaryBlob(archive, "").digest}},
	}), typeConfig)
	manifest := newCanaryBlob(mustJSON(map[string]any{
		"schemaVersion": 2, "mediaType": typeManifest,
		"config": config.descriptor(), "layers": []any{layer.descriptor()},
		"annotations": map[string]string{"org.opencontainers.image.title": content, "org.opencontainers.image.authors": "registry_exporter on " + exporter},
	}), typeManifest)
	return &canaryImage{manifest, config, layer}
}

// accept is what containerd accepts when it asks for the blob by digest: servers know blobs by other types, too.
func (b canaryBlob) accept() string { return b.mediaType + ", */*" }

// descriptor returns the descriptor of the blob in a manifest.
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

// maxTag is the greatest length of a tag, by the specification of OCI distribution.
const maxTag = 128

// tagOf returns a tag with the name of the exporter, such as canary-exporter.example.org. A character that no tag may
// have becomes "-".
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
