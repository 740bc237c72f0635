package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// pushImages puts a real image into the registries on Swift, so that the stores hold something.
func (s *Stack) pushImages() error {
	dir := filepath.Join(s.dir, "image")
	if err := writeImage(dir); err != nil {
		return err
	}
	for _, name := range []string{"registry-checked", "registry-unchecked"} {
		cmd := exec.Command("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", "dir:"+dir, "docker://"+address(s.port(name))+"/library/base:1.0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("pushing to %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// writeImage writes an image of one small layer in the form that skopeo calls dir.
func writeImage(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var layer bytes.Buffer
	zip := gzip.NewWriter(&layer)
	_, _ = zip.Write(make([]byte, 1024)) // an empty tar
	if err := zip.Close(); err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(make([]byte, 1024))}},
	})
	if err != nil {
		return err
	}
	blob := func(mediaType string, b []byte) map[string]any {
		return map[string]any{"mediaType": mediaType, "size": len(b), "digest": "sha256:" + digest(b)}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": blob("application/vnd.docker.container.image.v1+json", config),
		"layers": []any{blob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer.Bytes())},
	})
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{
		digest(config): config, digest(layer.Bytes()): layer.Bytes(), "manifest.json": manifest, "version": []byte("Directory Transport Version: 1.1\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
