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

// markSize is how many bytes before a position are remembered: some lines, by which the file is known again.
const markSize = 1 << 10

// A fileID is the device and inode of a file. A new file may get those of a deleted one.
type fileID struct{ Device, Inode uint64 }

// A position is the place up to which a file was counted, and what shows that a file is the same one.
type position struct {
	Name     string
	ID       fileID
	Offset   int64     // of the first line that is not counted
	Skipping bool      // Offset is within a line that is too long
	Size     int64     // of the file, in bytes, when it was last looked at
	Modified time.Time // modification time at that time
	Marked   int       // how many bytes before Offset Mark is the checksum of
	Mark     string    // hex
}

func checksum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:16])
}

// is says whether f has the bytes before Offset that p was saved with, and returns them.
func (p *position) is(f *os.File) ([]byte, bool) {
	before := make([]byte, p.Marked)
	if _, err := f.ReadAt(before, p.Offset-int64(p.Marked)); err != nil {
		return nil, false
	}
	return before, p.Marked == 0 || checksum(before) == p.Mark
}

// A found is a file with its metadata.
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

// foundAt makes a found from the metadata of a regular file. The error is errNoFile for any other.
func foundAt(name string, info fs.FileInfo) (found, error) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return found{}, fmt.Errorf("%s: %w", name, errNoFile)
	}
	return found{name, fileID{uint64(s.Dev), s.Ino}, info.Size(), info.ModTime(), uint64(s.Nlink)}, nil
}

// open opens a regular file for reading. It does not wait for the writer of a named pipe.
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
