package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Bounds of what is read of a machine.
const (
	maxFile  = 4 << 20 // bytes of a file
	maxFiles = 5000    // files that one run opens
	maxNames = 1000    // names of a folder; others are left out
	maxLinks = 40      // symbolic links on the way to a file, as in Linux
)

// A machine is a root file system. Its paths begin with / and are those that programs on the machine see: with root /host, the link
// /etc/ca.pem -> /srv/ca.pem leads to /host/srv/ca.pem. It is used by one goroutine.
type machine struct {
	root   string
	opened int // files
}

// errTooMany is the error of a file beyond maxFiles.
var errTooMany = errors.New("more than 5000 files on this machine were to be read")

// place is where a path of the machine is for this process, all links followed within the root.
func (m *machine) place(path string) (string, error) {
	done, links := "/", 0
	rest := strings.Split(filepath.Clean("/"+path), "/")
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			done = filepath.Dir(done)
			continue
		}
		to, err := os.Readlink(filepath.Join(m.root, done, name))
		if err != nil { // no link; or nothing, which opening it tells
			done = filepath.Join(done, name)
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		if filepath.IsAbs(to) {
			done = "/"
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return filepath.Join(m.root, done), nil
}

// read is the content of a regular file of at most 4 MiB. The error names the path on the machine.
func (m *machine) read(path string) ([]byte, error) {
	place, err := m.place(path)
	if err != nil {
		return nil, err
	}
	if m.opened++; m.opened > maxFiles {
		return nil, errTooMany
	}
	f, err := os.OpenFile(place, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe opens at once, too
	if err != nil {
		return nil, renamed(err, path)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than 4 MiB", path)
	}
	return text, renamed(err, path)
}

// renamed is err with the path on the machine.
func renamed(err error, path string) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return &fs.PathError{Op: p.Op, Path: path, Err: p.Err}
	}
	return err
}

// list is the names in a folder, sorted; none when it is no folder, or cannot be read.
func (m *machine) list(dir string) []string {
	place, err := m.place(dir)
	if err != nil {
		return nil
	}
	f, err := os.OpenFile(place, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxNames)
	slices.Sort(names)
	return names
}

// has says whether there is a file or folder.
func (m *machine) has(path string) bool {
	place, err := m.place(path)
	if err != nil {
		return false
	}
	_, err = os.Stat(place)
	return err == nil
}

// hasAny says whether there is one of the paths.
func (m *machine) hasAny(paths ...string) bool { return slices.ContainsFunc(paths, m.has) }

// isFolder says whether there is a folder.
func (m *machine) isFolder(path string) bool {
	place, err := m.place(path)
	if err != nil {
		return false
	}
	info, err := os.Stat(place)
	return err == nil && info.IsDir()
}

// glob is the files in the folder of a pattern such as /etc/containerd/conf.d/*.toml, sorted. Only the last part is a pattern.
func (m *machine) glob(pattern string) []string {
	dir, last := filepath.Split(pattern)
	var found []string
	for _, name := range m.list(dir) {
		if ok, err := filepath.Match(last, name); ok && err == nil {
			found = append(found, filepath.Join(dir, name))
		}
	}
	return found
}
