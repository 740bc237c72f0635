package accesslog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// markSize is how much of what stands before a position is remembered: some lines, to tell one log from another.
const markSize = 1 << 10

// A fileID is what the file system knows a file by. Another file may get it once this one is gone.
type fileID struct{ Device, Inode uint64 }

// A position is how far a file was read, and how to know that file again.
type position struct {
	Name     string
	ID       fileID
	Offset   int64     // of the first line that is not counted
	Skipping bool      // Offset is within a line that is too long
	Size     int64     // when it was looked at last
	Modified time.Time // the same
	Marked   int       // Mark is the checksum of so many bytes before Offset
	Mark     string
}

func checksum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:16])
}

// is says whether f is the file that p is a position in, and gives what stands before it there.
func (p *position) is(f *os.File) ([]byte, bool) {
	before := make([]byte, p.Marked)
	if _, err := f.ReadAt(before, p.Offset-int64(p.Marked)); err != nil {
		return nil, false
	}
	return before, p.Marked == 0 || checksum(before) == p.Mark
}

// A found is a file as a folder shows it, or an open one.
type found struct {
	name     string
	id       fileID
	size     int64
	modified time.Time
	links    uint64
}

func stat(name string) (found, error) {
	info, err := os.Stat(name)
	if err != nil {
		return found{}, err
	}
	return foundAt(name, info)
}

var errNoFile = errors.New("not a regular file")

// foundAt is what info says of a regular file.
func foundAt(name string, info fs.FileInfo) (found, error) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return found{}, fmt.Errorf("%s: %w", name, errNoFile)
	}
	return found{name, fileID{uint64(s.Dev), s.Ino}, info.Size(), info.ModTime(), uint64(s.Nlink)}, nil
}

// open opens a file for reading, and never waits for a writer as one does at a named pipe.
func open(name string) (*os.File, found, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, found{}, err
	}
	info, err := f.Stat()
	if err == nil {
		var at found
		if at, err = foundAt(name, info); err == nil {
			return f, at, nil
		}
	}
	f.Close()
	return nil, found{}, err
}
