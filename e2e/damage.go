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

// blobPath returns the path of a blob or manifest in the store of a registry, be it a folder or a container.
func blobPath(data []byte) string {
	sum := digest(data)
	return "docker/registry/v2/blobs/sha256/" + sum[:2] + "/" + sum + "/data"
}

// damage changes the bytes of a blob in the store of a registry. When change returns nil, it removes the blob.
func damage(store string, blob []byte, change func([]byte) []byte) func(*Stack) error {
	return func(s *Stack) error {
		path := filepath.Join(s.store(store), blobPath(blob))
		if changed := change(slices.Clone(blob)); changed != nil {
			return os.WriteFile(path, changed, 0o644)
		}
		return os.Remove(path)
	}
}

// mend restores the blob.
func mend(store string, blob []byte) func(*Stack) error {
	return damage(store, blob, func(b []byte) []byte { return b })
}

func removed([]byte) []byte    { return nil }
func cutShort(b []byte) []byte { return b[:len(b)/2] }

// flipped flips a bit in the middle. The last byte, the only one of most layers that a run reads, stays right.
func flipped(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}

// inTurn does the steps one after the other.
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

// restart restarts programs, so that they forget what they had in memory.
func restart(names ...string) func(*Stack) error { return inTurn(stop(names...), start(names...)) }

// restartWith replaces old by changed in the configuration of a registry, and restarts it. With the two exchanged, it
// undoes this.
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

// copyStore copies the store of one registry for another that shared it. It leaves out uploads, which come and go.
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

// fillStore mounts a full file system over the folder for uploads of the push probe. It takes folders and empty files,
// and not one byte.
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

// warm asks a front for the small image as a client does, so that the caches on the way have it.
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

// spoilCache flips a bit of a blob in the cache of the front, again and again until the front serves it so.
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

// writeByte changes one byte in place. If nginx saw the file without its end, it would fetch the blob anew.
func writeByte(file string, at int, b byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{b}, int64(at))
	return errors.Join(err, f.Close())
}

// emptyCache empties the cache of the front, as people do to end this fault.
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

// forgetDescriptors empties the Redis in which the registries keep the sizes of blobs.
func (s *Stack) forgetDescriptors() error {
	_, err := s.redisCLI("redis", "FLUSHALL")
	return err
}

// swiftLoses deletes an object of the registry at eqiad; swiftFinds writes it again.
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

// awaitCanary waits until the last canary has arrived at the other site.
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
