package accesslog

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// A stream is one log: the file at its path and older ones that are not read to their end.
type stream struct {
	path     string
	files    []*logFile   // oldest first
	modified time.Time    // of the newest one there was; zero when there was none
	packed   []*packedLog // compressed ones that are not read to their end, oldest first
	search   *search      // nil when there is none
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
	absent := f == nil && err == nil // a rotation's new log comes later
	problem := t.catchUp(s, f, at, absent, now)
	if l := s.newest(); l == nil || l.f != f {
		f.Close()
	}
	if errors.Is(problem, errMoved) {
		t.looked = time.Time{} // a rotation is going on
		return err
	}
	return errors.Join(err, problem)
}

// catchUp takes up what became of the files of s, and f if it is new: the file at the path, where there is one that can
// be opened. The error is errMoved when all of it has to be done again.
func (t *Tailer) catchUp(s *stream, f *os.File, at found, absent bool, now time.Time) error {
	plain, packed, err := siblings(s.path)
	if err != nil {
		return err
	}
	gone, problem := t.find(s, at, plain, now)
	if errors.Is(problem, errMoved) {
		return problem
	}
	isNew := f != nil && !s.has(at.id) && !t.elsewhere(s, at.id)
	if isNew || absent || len(gone) > 0 {
		if err := t.readPacked(s, gone, nil, plain, packed, now); err != nil {
			return err
		}
	}
	if isNew || absent {
		missed := t.missed(s, beginning(f), at.id, plain, now)
		if errors.Is(missed, errMoved) {
			return missed
		}
		problem = errors.Join(problem, missed)
	}
	if isNew {
		s.add(t.newFile(f, at, now))
	}
	return problem
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
