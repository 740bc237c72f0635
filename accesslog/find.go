package accesslog

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

// find opens those files of s that are not open: at the path, under the name of a rotated file, or as a copy. It returns those
// that it finds nowhere, and drops them from s.
func (t *Tailer) find(s *stream, at found, plain []found, now time.Time) (gone []*logFile, problem error) {
	candidates := append(slices.Clone(plain), at)
	for _, other := range t.streams { // somebody may have renamed one log to another
		if c, err := stat(other.path); err == nil && other != s {
			candidates = append(candidates, c)
		}
	}
	for _, l := range s.files {
		if l.f != nil || l.Offset == 0 && l.ID == at.id { // nothing was read of the file: no position shows whether it is still the same
			continue
		}
		err := t.findOne(l, candidates, now)
		switch {
		case errors.Is(err, errMoved):
			return nil, err
		case errors.Is(err, fs.ErrNotExist):
			gone = append(gone, l)
		default:
			problem = errors.Join(problem, err)
		}
	}
	for _, l := range slices.Clone(s.files) {
		if slices.Contains(gone, l) || l.f == nil && l.Offset == 0 && l.ID == at.id {
			s.drop(l)
		} else {
			s.modified = later(s.modified, l.Modified)
		}
	}
	return gone, problem
}

// findOne opens the file of l. The error is fs.ErrNotExist when it is none of the candidates.
func (t *Tailer) findOne(l *logFile, candidates []found, now time.Time) error {
	for _, c := range candidates {
		if c.name != "" && c.id == l.ID {
			if is, err := t.take(l, c, now); is || err != nil {
				return err
			}
		}
	}
	for _, c := range candidates { // a copy has another inode and the same bytes
		if c.name != "" && c.id != l.ID && l.Marked > 0 && !t.follows(c.id) {
			if is, err := t.take(l, c, now); is || err != nil {
				return err
			}
		}
	}
	return fs.ErrNotExist
}

// take opens a candidate, and makes it the file of l when the bytes before Offset are the same.
func (t *Tailer) take(l *logFile, c found, now time.Time) (bool, error) {
	f, at, err := openSame(c)
	if err != nil {
		return false, err
	}
	before, is := l.is(f)
	if !is || at.size < l.Offset {
		return false, f.Close()
	}
	l.opened(f, at, before, now)
	if l.Marked == 0 && l.Offset > 0 {
		l.toLine(t.buf)
	}
	return true, nil
}
