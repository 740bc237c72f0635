package accesslog

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"time"
)

// missed adds the files that came and were rotated away since the newest one of s was looked at last. The file at the
// path is at, and begins with those bytes.
func (t *Tailer) missed(s *stream, begins []byte, at fileID, plain []found, now time.Time) (problem error) {
	if s.modified.IsZero() {
		return nil
	}
	var files []*logFile
	for _, c := range plain {
		if c.id == at || c.modified.Before(s.modified) || s.claims(c.id) || t.follows(c.id) {
			continue
		}
		old, opened, err := openSame(c)
		switch {
		case errors.Is(err, errMoved):
			for _, l := range files {
				l.close()
			}
			return err
		case err != nil:
			problem = errors.Join(problem, err)
			files = append(files, &logFile{position: position{Name: c.name, ID: c.id, Size: c.size, Modified: c.modified}})
		case sameBeginning(beginning(old), begins): // a copy is being made, and the log truncated after that
			old.Close()
		default:
			if l := t.newFile(old, opened, now); l.Size > l.Offset {
				files = append(files, l)
			} else {
				l.close()
			}
		}
	}
	for _, l := range files {
		s.add(l)
	}
	return problem
}

func beginning(f *os.File) []byte {
	var b [markSize]byte
	n, _ := f.ReadAt(b[:], 0)
	return b[:n]
}

// sameBeginning says whether two files begin as one, as far as both have been written.
func sameBeginning(a, b []byte) bool {
	n := min(len(a), len(b), markSize)
	return n > 0 && bytes.Equal(a[:n], b[:n])
}

// before takes up the copies that were made before the first lines of a log are counted: a log of which nothing was
// read shows no truncation. It says whether that could be done.
func (t *Tailer) before(s *stream, l *logFile, lines []byte, now time.Time) bool {
	plain, packed, moved := siblings(s.path)
	if moved != nil {
		return false
	}
	lines = slices.Clone(lines[:min(len(lines), markSize)])
	files := s.files
	s.files = slices.DeleteFunc(slices.Clone(files), func(other *logFile) bool { return other == l })
	err := t.missed(s, lines, l.ID, plain, now)
	s.files = append(s.files, l)
	if errors.Is(err, errMoved) {
		return false
	}
	return t.readPacked(s, nil, lines, plain, packed, now) == nil
}
