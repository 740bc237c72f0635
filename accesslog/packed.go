package accesslog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// readPacked adds to s the files that were compressed since they were read, each at the place up to which it was read. gone are
// files that are nowhere else: those that are in no compressed file either are counted as lost. A compressed file with the first
// bytes begins is skipped, as a copy of one that is being read. After errMoved or errSearching the caller tries again; there is
// no other error.
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
			continue // it was read, or its original is still there
		}
		if !strings.HasSuffix(c.name, ".gz") && c.modified.Before(s.modified.Add(time.Second)) {
			continue // not a .gz, and no newer than the files that were read: taken for one of them
		}
		lost, err := int64(0), error(nil)
		if gone, lost, err = t.unpack(s, gone, begins, c, now); errors.Is(err, errMoved) {
			s.files = append(gone, s.files...)
			return err
		} else if err != nil {
			t.losePacked(c.name, lost, err, now)
		}
	}
	s.endSearch() // its file may be gone
	for _, l := range gone {
		t.lose(l, now)
	}
	return nil
}

// since are the files that were written to at that time or later. It compares whole seconds: gzip keeps no fractions.
func since(files []found, at time.Time) []found {
	for i, f := range files {
		if f.modified.Unix() >= at.Unix() {
			return files[i:]
		}
	}
	return nil
}

// isDone says whether a compressed file was read or is being read, under any name.
func (t *Tailer) isDone(c found) bool {
	isIt := func(p position) bool { return p.ID == c.id && p.Modified.Equal(c.modified) }
	return slices.ContainsFunc(t.done, isIt) || slices.ContainsFunc(t.streams, func(s *stream) bool {
		return slices.ContainsFunc(s.packed, func(l *packedLog) bool { return isIt(l.position) })
	})
}

// unpack searches a compressed file for the place up to which it was read, and adds it to s at that place. It returns those of
// gone whose position is not in the file and, beside an error, how many bytes of it are lost.
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
	if err != nil && at.Offset == 0 && len(gone) > 0 { // it cannot be read: it is taken for the oldest file that is gone
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

// beginnings are begins, and the first bytes of all files of s that are being read.
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

// readPackedFiles reads some blocks of the compressed files of s. more says whether they have more.
func (t *Tailer) readPackedFiles(s *stream, now time.Time) (more bool) {
	for range blocksPerTurn {
		t.guarded(func() { more = t.readPackedBlock(s, now) })
		if !more {
			break
		}
	}
	return more
}

// readPackedBlock counts the next block of the oldest compressed file of s, or unpacks a part of it. more says whether there is
// more to read.
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

// unread is how many bytes behind the position cannot be read after err, by the size in the end of the file; 0 when the file
// has no such end.
func (p *position) unread(err error) int64 {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNoMember) { // its last 4 bytes are no size
		return 0
	}
	return max(0, p.Size-p.Offset)
}

func (t *Tailer) losePacked(name string, lost int64, err error, now time.Time) {
	t.lost += uint64(lost)
	t.loss = loss{now, fmt.Errorf("%w: %s was compressed before it was read to its end, and %d bytes or more cannot be read: %w", ErrLost, name, lost, err)}
}
