package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// pushImages pushes real images: a small one into each registry on Swift, so that the stores hold something, and larger
// ones into the registries on disk.
func (s *Stack) pushImages() error {
	for name, i := range map[string]image{"small": smallImage(), "large": largeImage(), "multi": multiImage()} {
		if err := i.write(filepath.Join(s.dir, "image-"+name)); err != nil {
			return err
		}
	}
	for registry, images := range map[string]map[string]string{
		"registry-checked":   {"library/base:1.0": "small"},
		"registry-unchecked": {"library/base:1.0": "small"},
		"registry-token":     {"library/base:1.0": "small"},
		"registry-redirects": {"library/base:1.0": "small"},
		"registry-content":   {"library/base:1.0": "large", "library/multi:1.0": "multi"},
		"registry-pair-a":    {"library/base:1.0": "large"},
	} {
		for reference, name := range images {
			if err := s.push(name, registry, reference); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stack) push(image, registry, reference string) error {
	cmd := exec.Command("skopeo", "--insecure-policy", "copy", "--all", "--dest-tls-verify=false", "--dest-creds="+registryUser+":"+registryPassword,
		"dir:"+filepath.Join(s.dir, "image-"+image), "docker://"+address(s.port(registry))+"/"+reference)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pushing to %s: %w\n%s", registry, err, out)
	}
	return nil
}

// pull pulls an image as a client does, and drops it.
func (s *Stack) pull(registry, reference string) error {
	cmd := exec.Command("skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", "docker://"+address(s.port(registry))+"/"+reference, "dir:"+filepath.Join(s.dir, "pulled"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pulling from %s: %w\n%s", registry, err, out)
	}
	return nil
}

// Media types of Docker's images.
const (
	typeIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	typeManifest = "application/vnd.docker.distribution.manifest.v2+json"
	typeConfig   = "application/vnd.docker.container.image.v1+json"
	typeLayer    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

// An image is an image, or an index with its images. The same functions make the same bytes each time.
type image struct {
	manifest []byte
	layers   [][]byte
	blobs    [][]byte // layers and configuration
	children []image  // of an index
}

// smallImage has one layer of 1 KiB.
func smallImage() image { return newImage("amd64", 1<<10) }

// largeImage has three layers. The last is large enough to measure how fast layers come.
func largeImage() image { return newImage("amd64", 1<<10, 100<<10, 300<<10) }

// multiImage is an index of two images.
func multiImage() image { return newIndex(newImage("amd64", 5<<10), newImage("arm64", 6<<10)) }

func newImage(architecture string, sizes ...int) image {
	var i image
	var diffIDs []string
	var layers []map[string]any
	for _, size := range sizes {
		content := make([]byte, size) // random bytes, which cannot be compressed
		_, _ = rand.NewChaCha8([32]byte{byte(size >> 10)}).Read(content)
		var zipped bytes.Buffer
		zip := gzip.NewWriter(&zipped)
		_, _ = zip.Write(content)
		_ = zip.Close()
		i.layers = append(i.layers, zipped.Bytes())
		diffIDs = append(diffIDs, "sha256:"+digest(content))
		layers = append(layers, descriptor(typeLayer, zipped.Bytes()))
	}
	config := encoded(map[string]any{
		"architecture": architecture, "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	i.blobs = append([][]byte{config}, i.layers...)
	i.manifest = encoded(map[string]any{
		"schemaVersion": 2, "mediaType": typeManifest, "config": descriptor(typeConfig, config), "layers": layers,
	})
	return i
}

// newIndex makes an index of images for amd64 and arm64.
func newIndex(children ...image) image {
	var manifests []map[string]any
	for n, child := range children {
		d := descriptor(typeManifest, child.manifest)
		d["platform"] = map[string]string{"os": "linux", "architecture": []string{"amd64", "arm64"}[n]}
		manifests = append(manifests, d)
	}
	return image{children: children, manifest: encoded(map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": manifests})}
}

func descriptor(mediaType string, b []byte) map[string]any {
	return map[string]any{"mediaType": mediaType, "size": len(b), "digest": "sha256:" + digest(b)}
}

func encoded(v map[string]any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// write writes the image in the layout that skopeo calls dir.
func (i image) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{"version": []byte("Directory Transport Version: 1.1\n"), "manifest.json": i.manifest}
	for _, one := range append([]image{i}, i.children...) {
		files[digest(one.manifest)+".manifest.json"] = one.manifest
		for _, b := range one.blobs {
			files[digest(b)] = b
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
