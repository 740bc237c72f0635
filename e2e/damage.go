package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// blobPath is where a registry has the data of a blob or manifest, in a folder or in a container.
func blobPath(data []byte) string {
	sum := digest(data)
	return "docker/registry/v2/blobs/sha256/" + sum[:2] + "/" + sum + "/data"
}

// damage makes something else of a blob in the store of a registry; of nil, nothing is left.
func damage(store string, blob []byte, change func([]byte) []byte) func(*Stack) error {
	return func(s *Stack) error {
		path := filepath.Join(s.store(store), blobPath(blob))
		if changed := change(slices.Clone(blob)); changed != nil {
			return os.WriteFile(path, changed, 0o644)
		}
		return os.Remove(path)
	}
}

// mend puts the blob back.
func mend(store string, blob []byte) func(*Stack) error {
	return damage(store, blob, func(b []byte) []byte { return b })
}

func removed([]byte) []byte    { return nil }
func cutShort(b []byte) []byte { return b[:len(b)/2] }

// flipped is another byte in the middle: the last one, which is all that is read of most layers in a run, is right.
func flipped(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}

// inTurn does one thing after the other.
func inTurn(steps ...func(*Stack) error) func(*Stack) error {
	return func(s *Stack) error {
		for _, do := range steps {
			if err := do(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// restart restarts programs: what they had in memory is gone.
func restart(names ...string) func(*Stack) error { return inTurn(stop(names...), start(names...)) }

// restartWith restarts a registry after a change of its configuration. The other way round, it takes the change back.
func restartWith(name, old, changed string) func(*Stack) error {
	return func(s *Stack) error {
		file := filepath.Join(s.dir, name+".yml")
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(old)) {
			return fmt.Errorf("the configuration of %s holds no %q", name, old)
		}
		if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte(old), []byte(changed)), 0o644); err != nil {
			return err
		}
		return restart(name)(s)
	}
}

// copyStore makes a store of its own for a registry that shared one. Uploads, which come and go, stay behind.
func copyStore(from, to string) func(*Stack) error {
	return func(s *Stack) error {
		for _, sub := range []string{"docker/registry/v2/blobs", "docker/registry/v2/repositories/library"} {
			if err := os.CopyFS(filepath.Join(s.store(to), sub), os.DirFS(filepath.Join(s.store(from), sub))); err != nil {
				return err
			}
		}
		return nil
	}
}

func removeStore(name string) func(*Stack) error {
	return func(s *Stack) error { return os.RemoveAll(s.store(name)) }
}

// fillStore puts a file system that is full where the registry has what the probe uploads: it takes folders and empty
// files, and no byte more.
func (s *Stack) fillStore() error {
	full, dir := filepath.Join(s.dir, "full"), s.uploadsFolder()
	for _, d := range []string{full, dir} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := syscall.Mount("full", full, "tmpfs", 0, "size=64k"); err != nil {
		return fmt.Errorf("mounting a small file system: %w", err)
	}
	defer func() { _ = syscall.Unmount(full, syscall.MNT_DETACH) }()
	if err := os.WriteFile(filepath.Join(full, "data"), make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("filling the small file system: %w", err)
	}
	return syscall.Mount(full, dir, "", syscall.MS_BIND, "")
}

func (s *Stack) emptyStore() error { return syscall.Unmount(s.uploadsFolder(), syscall.MNT_DETACH) }

func (s *Stack) uploadsFolder() string {
	return filepath.Join(s.store("content"), "docker/registry/v2/repositories/monitoring/canary")
}

// warm asks a front for the small image as a client does, so that those on the way have in their caches what they keep there.
func warm(front string) func(*Stack) error {
	return func(s *Stack) error {
		paths := []string{"/manifests/1.0"}
		for _, b := range smallImage().blobs {
			paths = append(paths, "/blobs/sha256:"+digest(b))
		}
		for _, path := range paths {
			resp, err := get("http://"+address(s.port(front))+"/v2/library/base"+path, http.Header{"Accept": {typeManifest}})
			if err != nil {
				return err
			}
			if resp.status != http.StatusOK {
				return fmt.Errorf("%s%s: status %d: %s", front, path, resp.status, resp.body)
			}
		}
		return nil
	}
}

// spoilCache flips a byte of a blob in the cache of the front until the front serves it so.
func spoilCache(blob []byte) func(*Stack) error {
	return func(s *Stack) error {
		path := "/v2/library/base/blobs/sha256:" + digest(blob)
		for range 20 {
			resp, err := get("http://"+address(s.port("front-cached"))+path, nil)
			if err != nil {
				return err
			}
			if resp.status == http.StatusOK && len(resp.body) == len(blob) && !bytes.Equal(resp.body, blob) {
				return nil
			}
			if err := s.walkCache(func(file string, text []byte) error {
				if at := len(text) - len(blob)/2; bytes.Contains(text, []byte(path)) && bytes.HasSuffix(text, blob) {
					return writeByte(file, at, text[at]^1)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return fmt.Errorf("the cache does not serve %s as it was spoiled", path)
	}
}

// writeByte changes one byte in place: nginx must not see the file without its end, since it would ask for the blob anew.
func writeByte(file string, at int, b byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{b}, int64(at))
	return errors.Join(err, f.Close())
}

// emptyCache is what people do about it.
func (s *Stack) emptyCache() error {
	return s.walkCache(func(file string, _ []byte) error { return os.Remove(file) })
}

func (s *Stack) walkCache(do func(file string, text []byte) error) error {
	return filepath.WalkDir(filepath.Join(s.dir, "cache"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return do(path, text)
	})
}

// forgetDescriptors empties the Redis that the registries keep the sizes of blobs in.
func (s *Stack) forgetDescriptors() error {
	_, err := s.redisCLI("redis", "FLUSHALL")
	return err
}

// swiftLoses deletes an object of the registry at eqiad, and swiftFinds brings it back.
func swiftLoses(blob []byte) func(*Stack) error {
	return func(s *Stack) error { return s.swift("eqiad", "delete", swiftContainer, "files/"+blobPath(blob)) }
}

func swiftFinds(blob []byte) func(*Stack) error {
	return func(s *Stack) error {
		file, err := s.file("found", string(blob))
		if err != nil {
			return err
		}
		return s.swift("eqiad", "upload", "--object-name", "files/"+blobPath(blob), swiftContainer, file)
	}
}

// awaitCanary waits until the last canary has come to the other site.
func (s *Stack) awaitCanary() error {
	for range 300 {
		p, err := s.probe("x-mirror@eqiad", scrapeTimeout)
		if err != nil {
			return err
		}
		if pending, found := s.value([]*page{p}, `registry_replication_pending_seconds{to="codfw"}`); found && pending == 0 {
			return nil
		}
		time.Sleep(300 * time.Millisecond)
	}
	return errors.New("the canary does not arrive")
}
