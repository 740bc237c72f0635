package accesslog

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"time"
)

// missed adds to s the files that were written and rotated away since the newest file of s was last looked at, such as while
// the exporter was stopped. at is the file at the path, begins are its first bytes.
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
		case sameBeginning(beginning(old), begins): // a copy of the log, which will be truncated next
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

// sameBeginning says whether the first bytes of two files are equal, as far as both are written.
func sameBeginning(a, b []byte) bool {
	n := min(len(a), len(b), markSize)
	return n > 0 && bytes.Equal(a[:n], b[:n])
}

// before looks for copies of a log before its first lines are counted. For example, a log of which nothing was read yet is copied
// and truncated, and written anew: no position shows that. It returns false when it has to be called again.
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
