package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"registry_exporter/collector/ask"
	"registry_exporter/durable"
)

// A keptUpload is the file that names the upload under way to a repository. If the process is killed, the next one reads
// the file and cancels the upload. Whoever knows the URL of an upload may write to it: the file is readable for us alone.
type keptUpload struct{ file string }

// newKeptUpload names the file by registry, site, collector, URL and repository, as in upload-5b4c922f646a115b: no two
// probes share one. Without --state.dir there is no file.
func newKeptUpload(b *ask.Builder, repository string) keptUpload {
	if b.StateDir == "" {
		return keptUpload{}
	}
	about := fmt.Sprintf("%q %q %q %q %q", b.Name, b.Site, b.Collector, b.URL.String(), repository)
	return keptUpload{filepath.Join(b.StateDir, fmt.Sprintf("upload-%x", sha256.Sum256([]byte(about)))[:23])}
}

// save writes the location, without waiting for the disk. An error is ignored: the probe tells about the registry.
func (k keptUpload) save(location string) {
	if k.file != "" {
		_ = durable.SaveUnsynced(k.file, []byte(location))
	}
}

// load is the URL in the file, or its path and query as exporters before kept it, or empty when there is none or the file is damaged.
func (k keptUpload) load() string {
	if k.file == "" {
		return ""
	}
	location, err := durable.Load(k.file)
	if errors.Is(err, durable.ErrDamaged) {
		k.forget()
	}
	if err != nil {
		return ""
	}
	return string(location)
}

// forget removes the file, or else empties it.
func (k keptUpload) forget() {
	if k.file != "" {
		if err := os.Remove(k.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.save("")
		}
	}
}
