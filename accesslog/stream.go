package accesslog

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// A stream is one log: the file at its path, and the rotated files of it that are not read to their end.
type stream struct {
	path     string
	files    []*logFile   // oldest first
	modified time.Time    // of the newest file that there ever was; zero when there was none
	packed   []*packedLog // compressed files that are not read to their end, oldest first
	search   *search      // of a position in a compressed file; nil: none is under way
}

func (s *stream) newest() *logFile {
	if len(s.files) == 0 {
		return nil
	}
	return s.files[len(s.files)-1]
}

// complete says whether all files of s are open, and the newest is the one at the path, whose id is at.
func (s *stream) complete(at fileID) bool {
	return s.has(at) && !slices.ContainsFunc(s.files, func(l *logFile) bool { return l.f == nil })
}

// has says whether the newest file of s is the one at the path, whose id is at, and is open.
func (s *stream) has(at fileID) bool {
	l := s.newest()
	return l != nil && l.f != nil && l.ID == at
}

// follow finds out which files of s were rotated, compressed or deleted, and which are new. The error names the files that
// cannot be read; all others are read.
func (t *Tailer) follow(s *stream, now time.Time) error {
	at, err := stat(s.path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil && s.complete(at.id) || err != nil && !missing {
		return err
	}
	var f *os.File
	if !missing {
		// Opened before the folder is listed: a file that is rotated after that is still read.
		var opened found
		if f, opened, err = open(s.path); err == nil {
			at = opened
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		at, err = found{}, nil
	}
	absent := f == nil && err == nil // a rotation has moved the log, and the web server has not made a new one yet
	problem := t.catchUp(s, f, at, absent, now)
	if l := s.newest(); l == nil || l.f != f {
		f.Close()
	}
	if errors.Is(problem, errMoved) {
		t.looked = time.Time{} // files are being rotated: look again at once
		return err
	}
	return errors.Join(err, problem)
}

// catchUp opens the files of s again where they are now, and adds f, the file at the path, if it is new. f is nil when the path
// has no file, or none that can be opened. The error is errMoved when files were moved meanwhile: the caller tries again.
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

// elsewhere says whether another log has the file, under another name.
func (t *Tailer) elsewhere(s *stream, id fileID) bool {
	return slices.ContainsFunc(t.streams, func(other *stream) bool { return other != s && other.claims(id) })
}

// claims says whether s has the file, even if it cannot be read now.
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

// newFile is the logFile of a file that no log has. Its position is the beginning or, for a file that was read before, the place
// up to which it was.
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
