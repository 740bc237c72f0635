package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	// maxDone is how many files that were read to their end are remembered.
	maxDone = 64
	// linger is how long a rotated file is watched after its last line: web servers write to it until they reopen their logs.
	linger = time.Minute
	// lingerDeleted is the same of a deleted file that no other took the place of.
	lingerDeleted = time.Hour
)

// A stream is one log: the file at its path and older ones that are not read to their end.
type stream struct {
	path     string
	files    []*logFile // oldest first
	modified time.Time  // of the newest one there was; zero when there was none
}

func (s *stream) newest() *logFile {
	if len(s.files) == 0 {
		return nil
	}
	return s.files[len(s.files)-1]
}

// complete says that every file is found, and that the newest is the one at the path.
func (s *stream) complete(at fileID) bool {
	return s.has(at) && !slices.ContainsFunc(s.files, func(l *logFile) bool { return l.f == nil })
}

// has says that the newest file is the one at the path.
func (s *stream) has(at fileID) bool {
	l := s.newest()
	return l != nil && l.f != nil && l.ID == at
}

// follow finds out what became of the files of s: which was rotated where, and which are new. An error tells of
// what could not be read; all else is as if that were not there.
func (t *Tailer) follow(s *stream, now time.Time) error {
	at, err := stat(s.path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil && s.complete(at.id) || err != nil && !missing {
		return err
	}
	var f *os.File
	if !missing {
		// It is held open before the folder is listed: rotated in between, it would be in neither.
		var opened found
		if f, opened, err = open(s.path); err == nil {
			at = opened
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		at, err = found{}, nil
	}
	plain, packed, moved := siblings(s.path)
	if moved != nil {
		t.looked = time.Time{}
		f.Close()
		return err
	}
	gone, notFound := t.find(s, at, plain, now)
	if errors.Is(notFound, errMoved) {
		t.looked = time.Time{} // a rotation is going on
		f.Close()
		return err
	}
	isNew := f != nil && !s.has(at.id) && !t.elsewhere(s, at.id)
	absent := f == nil && err == nil // a rotation's new log comes later
	if isNew || absent || len(gone) > 0 {
		notFound = errors.Join(notFound, t.readPacked(s, gone, nil, plain, packed, now))
	}
	if errors.Is(notFound, errMoved) {
		t.looked = time.Time{}
		f.Close()
		return err
	}
	if !isNew && !absent {
		f.Close()
		return errors.Join(err, notFound)
	}
	var begins []byte
	if isNew {
		begins = beginning(f)
	}
	missed := t.missed(s, begins, at.id, plain, now)
	if errors.Is(missed, errMoved) {
		t.looked = time.Time{}
		f.Close()
		return errors.Join(err, notFound)
	}
	if isNew {
		s.add(t.newFile(f, at, now))
	}
	return errors.Join(err, notFound, missed)
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

// elsewhere says whether a file belongs to another log, by another name.
func (t *Tailer) elsewhere(s *stream, id fileID) bool {
	return slices.ContainsFunc(t.streams, func(other *stream) bool { return other != s && other.claims(id) })
}

// claims says whether a file is one of s, even if it cannot be read now.
func (s *stream) claims(id fileID) bool {
	return slices.ContainsFunc(s.files, func(l *logFile) bool { return l.ID == id })
}

func (s *stream) add(l *logFile) {
	s.files = append(s.files, l)
	s.modified = later(s.modified, l.Modified)
}

func (s *stream) drop(l *logFile) {
	l.close()
	s.files = slices.DeleteFunc(s.files, func(other *logFile) bool { return other == l })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

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

// newFile is a file nobody reads, at its beginning, or at the place where it was left.
func (t *Tailer) newFile(f *os.File, at found, now time.Time) *logFile {
	l := &logFile{}
	var before []byte
	for _, p := range t.done {
		if p.ID != at.id || p.Offset > at.size || p.Marked == 0 {
			continue
		}
		if mark, is := p.is(f); is {
			l.position, before = p, mark
		}
	}
	l.opened(f, at, before, now)
	return l
}

// finish lets go of what is read to its end and will not grow: rotated files after a while.
func (t *Tailer) finish(s *stream, now time.Time) {
	for _, l := range slices.Clone(s.files) {
		wait := linger
		switch newest := s.newest(); {
		case l.f == nil || l.refresh(now) != nil || !l.atEnd():
			continue
		case l == newest && l.links > 0:
			continue
		case l == newest || newest.Offset == 0:
			wait = lingerDeleted
			if l.links > 0 {
				continue // as long as nothing is written elsewhere it may go on here
			}
		}
		if now.Sub(l.grew) < wait {
			continue
		}
		if last := l.lastLine(t.buf); last != nil {
			t.count(last, 0)
			l.advance(last[:len(last)-1])
		}
		t.remember(l.where())
		s.drop(l)
	}
}

func (t *Tailer) remember(done position) {
	t.done = append(t.done, done)
	t.done = t.done[max(0, len(t.done)-maxDone):]
}

// lose counts what was not read of a file that is gone, as far as one can know.
func (t *Tailer) lose(l *logFile, now time.Time) {
	lost := max(0, l.Size-l.Offset)
	if lost > 0 || l.restored {
		t.lost += uint64(lost)
		t.loss = loss{now, fmt.Errorf("%w: %s is gone, with %d bytes or more that nobody read", ErrLost, l.Name, lost)}
	}
}

// since are the files that were written to at that time or later, in whole seconds: all that some packers keep.
func since(files []found, at time.Time) []found {
	for i, f := range files {
		if f.modified.Unix() >= at.Unix() {
			return files[i:]
		}
	}
	return nil
}
