package accesslog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// readPacked takes up the files of s that were compressed since, each at the place up to which it was read, and counts
// those of the positions that are gone which are in none of them as lost. A file that begins with begins is one that is
// read. The error is errMoved or errSearching, and all of it can be done again, or nil.
func (t *Tailer) readPacked(s *stream, gone []*logFile, begins []byte, plain, packed []found, now time.Time) error {
	from := s.modified
	for _, l := range gone {
		if l.Modified.Before(from) {
			from = l.Modified
		}
	}
	if s.modified.IsZero() {
		packed = nil
	}
	for _, c := range since(packed, from) {
		original := packedName.ReplaceAllString(c.name, "")
		if t.isDone(c) || slices.ContainsFunc(plain, func(p found) bool { return p.name == original }) {
			continue // or is being compressed
		}
		if !strings.HasSuffix(c.name, ".gz") && c.modified.Before(s.modified.Add(time.Second)) {
			continue // is one that was read, as far as one can know
		}
		lost, err := int64(0), error(nil)
		if gone, lost, err = t.unpack(s, gone, begins, c, now); errors.Is(err, errMoved) {
			s.files = append(gone, s.files...)
			return err
		} else if err != nil {
			t.losePacked(c.name, lost, err, now)
		}
	}
	s.endSearch() // of a file that is gone
	for _, l := range gone {
		t.lose(l, now)
	}
	return nil
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

// isDone says whether a compressed file was read, or is being read, under this name or another.
func (t *Tailer) isDone(c found) bool {
	isIt := func(p position) bool { return p.ID == c.id && p.Modified.Equal(c.modified) }
	return slices.ContainsFunc(t.done, isIt) || slices.ContainsFunc(t.streams, func(s *stream) bool {
		return slices.ContainsFunc(s.packed, func(l *packedLog) bool { return isIt(l.position) })
	})
}

// unpack finds the place in a compressed file up to which it was read, from where on it is read then. It returns the
// positions that are not in it, and, with an error, how much of it is lost.
func (t *Tailer) unpack(s *stream, gone []*logFile, begins []byte, c found, now time.Time) (notFound []*logFile, lost int64, err error) {
	if s.search == nil || s.search.id != c.id || !s.search.modified.Equal(c.modified) {
		if err := t.beginSearch(s, gone, begins, c); err != nil {
			return gone, 0, err
		}
	}
	at, err := s.search.goOn()
	if errors.Is(err, errSearching) {
		t.searching = true
		return gone, 0, err
	}
	f := s.search.f
	s.search = nil
	if errors.Is(err, errIsRead) {
		return gone, 0, f.Close()
	}
	if err != nil && at.Offset == 0 && len(gone) > 0 { // it is the oldest of them, as far as one can know
		at.Offset, gone = gone[0].Offset, gone[1:]
	} else if i := slices.IndexFunc(gone, func(l *logFile) bool { return l.Offset == at.Offset && l.Mark == at.Mark }); i >= 0 {
		gone = slices.Delete(slices.Clone(gone), i, i+1)
	}
	at.Name, at.ID, at.Modified, at.Size = c.name, c.id, c.modified, max(at.Offset, unpackedSize(f))
	if err != nil {
		t.remember(at)
		return gone, at.unread(err), errors.Join(err, f.Close())
	}
	s.packed = append(s.packed, &packedLog{logFile: logFile{position: at, f: f, caught: now}})
	return gone, 0, nil
}

// beginnings are how the files begin that are read, besides one that begins with begins.
func (s *stream) beginnings(begins []byte) [][]byte {
	all := [][]byte{begins}
	for _, l := range s.files {
		if l.f != nil {
			all = append(all, beginning(l.f))
		}
	}
	for _, l := range s.packed {
		if b, err := beginningOfPacked(l.f); err == nil {
			all = append(all, b)
		}
	}
	return all
}

// readPackedFiles reads some of the compressed files of s, and says whether there is more.
func (t *Tailer) readPackedFiles(s *stream, now time.Time) (more bool) {
	for range blocksPerTurn {
		t.guarded(func() { more = t.readPackedBlock(s, now) })
		if !more {
			break
		}
	}
	return more
}

// readPackedBlock counts the lines that come next in the oldest compressed file of s, or unpacks on to where they are.
// It says whether there is more.
func (t *Tailer) readPackedBlock(s *stream, now time.Time) (more bool) {
	if len(s.packed) == 0 {
		return false
	}
	l := s.packed[0]
	b, err := l.next()
	switch {
	case b.lines != nil:
		l.counted(b)
		t.count(b.lines, 0)
	case b.skipped != nil:
		l.counted(b)
		t.count(nil, b.tooLong)
	case err != nil:
		at := l.where()
		if !errors.Is(err, io.EOF) {
			t.losePacked(l.Name, at.unread(err), err, now)
		}
		t.remember(at)
		l.close()
		s.packed = slices.Delete(s.packed, 0, 1)
	}
	return len(s.packed) > 0
}

// unread is how much of a compressed file cannot be read behind the position, as far as one can know.
func (p *position) unread(err error) int64 {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNoMember) { // its end is not that of a .gz
		return 0
	}
	return max(0, p.Size-p.Offset)
}

func (t *Tailer) losePacked(name string, lost int64, err error, now time.Time) {
	t.lost += uint64(lost)
	t.loss = loss{now, fmt.Errorf("%w: %s was compressed before it was read to its end, and %d bytes or more cannot be read: %w", ErrLost, name, lost, err)}
}
