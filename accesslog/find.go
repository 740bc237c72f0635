package accesslog

import (
	"errors"
	"io/fs"
	"slices"
	"time"
)

// find opens the files of s that are known by their position only: at the path, rotated, or as a copy. It takes those
// that are nowhere out of s.
func (t *Tailer) find(s *stream, at found, plain []found, now time.Time) (gone []*logFile, problem error) {
	candidates := append(slices.Clone(plain), at)
	for _, other := range t.streams { // renamed from one to the other
		if c, err := stat(other.path); err == nil && other != s {
			candidates = append(candidates, c)
		}
	}
	for _, l := range s.files {
		if l.f != nil || l.Offset == 0 && l.ID == at.id { // it may have been copied and truncated since: nothing tells
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

// findOne opens the file of a position. The error is fs.ErrNotExist when none of the candidates is it.
func (t *Tailer) findOne(l *logFile, candidates []found, now time.Time) error {
	for _, c := range candidates {
		if c.name != "" && c.id == l.ID {
			if is, err := t.take(l, c, now); is || err != nil {
				return err
			}
		}
	}
	for _, c := range candidates { // a copy has all of the original but its identity
		if c.name != "" && c.id != l.ID && l.Marked > 0 && !t.follows(c.id) {
			if is, err := t.take(l, c, now); is || err != nil {
				return err
			}
		}
	}
	return fs.ErrNotExist
}

// take opens a candidate and says whether it is the file of l.
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
