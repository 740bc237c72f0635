package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"registry_exporter/collector/ask"
	"registry_exporter/durable"
)

// A keptUpload is the file that names the upload under way to a repository. When the process is killed, the next one
// reads the file and cancels the upload. Whoever knows the URL of an upload may write to it, so only the exporter's user
// may read the file. A run does without it on a disk that hangs.
type keptUpload struct {
	file string // path; empty: there is none
	disk *durable.Beside
}

// newKeptUpload names the file by registry, site, collector, URL and repository, as in upload-5b4c922f646a115b, so that
// each probe has a file of its own. Without --state.dir there is no file.
func newKeptUpload(b *ask.Builder, repository string) keptUpload {
	if b.StateDir == "" {
		return keptUpload{}
	}
	about := fmt.Sprintf("%q %q %q %q %q", b.Name, b.Site, b.Collector, b.URL.String(), repository)
	return keptUpload{filepath.Join(b.StateDir, fmt.Sprintf("upload-%x", sha256.Sum256([]byte(about)))[:23]), &durable.Beside{}}
}

// save writes the location, without waiting for the disk. It ignores an error: the probe is about the registry.
func (k keptUpload) save(location string) {
	if k.file != "" {
		k.disk.Do(durable.Patience, func() error { return durable.SaveUnsynced(k.file, []byte(location)) })
	}
}

// load returns the URL in the file, or the path and query that older exporters wrote. It returns nothing when there is no
// file, or a damaged one.
func (k keptUpload) load() string {
	if k.file == "" {
		return ""
	}
	var location []byte
	var damaged atomic.Bool
	isRead := k.disk.Do(durable.Patience, func() (err error) {
		location, err = durable.Load(k.file)
		damaged.Store(errors.Is(err, durable.ErrDamaged))
		return err
	})
	if damaged.Load() {
		k.forget()
	}
	if !isRead {
		return "" // location may still be written
	}
	return string(location)
}

// forget removes the file. When that fails, it empties the file.
func (k keptUpload) forget() {
	if k.file == "" {
		return
	}
	k.disk.Do(durable.Patience, func() error {
		if err := os.Remove(k.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return durable.SaveUnsynced(k.file, nil)
		}
		return nil
	})
}
