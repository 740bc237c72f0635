package accesslog

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// maxUnpacked and unpackWithin bound what is read of one compressed file, which takes up to three readings; the rest of it is lost.
	maxUnpacked  = 10 << 30
	unpackWithin = 10 * time.Second
)

var (
	errIsRead   = errors.New("its original is read")
	errNotGzip  = errors.New("only .gz can be read")
	errNoMember = errors.New("something else follows")
	errTooLarge = errors.New("unpacking takes too long")
)

// readPacked counts what nobody read of the files of s that were compressed since, and those of the positions that
// are gone which are in none of them as lost. A file that begins with begins is one that is read.
// The error is errMoved, and all of it can be done again, or nil.
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
		if gone, lost, err = t.unpack(s, gone, begins, c); errors.Is(err, errMoved) {
			s.files = append(gone, s.files...)
			return err
		} else if err != nil {
			t.lost += uint64(lost)
			t.loss = loss{now, fmt.Errorf("%w: %s was compressed before it was read to its end, and %d bytes or more cannot be read: %w", ErrLost, c.name, lost, err)}
		}
	}
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

// isDone says whether a compressed file was read, under this name or another.
func (t *Tailer) isDone(c found) bool {
	return slices.ContainsFunc(t.done, func(p position) bool { return p.ID == c.id && p.Modified.Equal(c.modified) })
}

// unpack counts what nobody read of a compressed file. It returns the positions that are not in it, and, with an
// error, how much of it is lost.
func (t *Tailer) unpack(s *stream, gone []*logFile, begins []byte, c found) (notFound []*logFile, lost int64, err error) {
	known := slices.Clone(t.done)
	for _, l := range gone {
		known = append(known, l.position)
	}
	beginnings := [][]byte{begins}
	for _, l := range s.files {
		if l.f != nil {
			beginnings = append(beginnings, beginning(l.f))
		}
	}
	f, _, err := openSame(c)
	if err != nil {
		return gone, 0, err
	}
	defer f.Close()
	until := time.Now().Add(unpackWithin)
	at, err := whereIn(f, beginnings, known, until)
	if errors.Is(err, errIsRead) {
		return gone, 0, nil
	}
	if err != nil && at.Offset == 0 && len(gone) > 0 { // it is the oldest of them, as far as one can know
		at.Offset, gone = gone[0].Offset, gone[1:]
	} else if i := slices.IndexFunc(gone, func(l *logFile) bool { return l.Offset == at.Offset && l.Mark == at.Mark }); i >= 0 {
		gone = slices.Delete(slices.Clone(gone), i, i+1)
	}
	at.Name, at.ID, at.Modified = c.name, c.id, c.modified
	t.remember(at) // first: lines that make us panic are not read again
	if err == nil {
		err = t.countPacked(f, &at, until)
		t.done[len(t.done)-1] = at
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errNoMember) { // else its end is not that of a .gz
		lost = max(0, unpackedSize(c.name)-at.Offset)
	}
	return gone, lost, err
}

// whereIn finds the place in a compressed file up to which it is read: the last of the known positions that are in it.
func whereIn(f *os.File, open [][]byte, known []position, until time.Time) (at position, err error) {
	u, err := newUnpacker(f, until)
	if err != nil {
		return at, err
	}
	err = u.skip(markSize)
	if slices.ContainsFunc(open, func(b []byte) bool { return sameBeginning(b, u.before) }) {
		return at, errIsRead
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return at, err
	}
	if u, err = newUnpacker(f, until); err != nil {
		return at, err
	}
	slices.SortFunc(known, func(a, b position) int { return cmp.Compare(a.Offset, b.Offset) })
	for _, p := range known {
		if p.Marked == 0 {
			continue
		}
		if err := u.skip(p.Offset - u.offset); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return at, err
		}
		if p.Marked <= len(u.before) && checksum(u.before[len(u.before)-p.Marked:]) == p.Mark {
			at = p
		}
	}
	return at, nil
}

// countPacked counts the lines behind a position in a compressed file.
func (t *Tailer) countPacked(f *os.File, at *position, until time.Time) error {
	u, err := newUnpacker(f, until)
	if err != nil {
		return err
	}
	if err := u.skip(at.Offset); err != nil {
		return err
	}
	buf, n := make([]byte, maxLine), 0 // that of t may hold a block
	for err == nil {
		var more int
		more, err = u.Read(buf[n:])
		n += more
		if errors.Is(err, io.EOF) && n > 0 && n < maxLine && buf[n-1] != '\n' {
			buf[n] = '\n' // nobody writes the rest of it
			n++
		}
		rest := buf[:n]
		for b := at.cut(rest); b.size() > 0; b = at.cut(rest) {
			t.count(b.lines, b.tooLong)
			rest = rest[b.size():]
		}
		n = copy(buf, rest)
		at.Offset = u.offset - int64(n)
		if n == 0 {
			at.Marked, at.Mark = len(u.before), checksum(u.before)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// An unpacker reads a .gz.
type unpacker struct {
	gz     *gzip.Reader
	offset int64
	before []byte // what stands before the offset, at most markSize
	until  time.Time
}

func newUnpacker(f *os.File, until time.Time) (*unpacker, error) {
	if !strings.HasSuffix(f.Name(), ".gz") {
		return nil, errNotGzip
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	gz, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return &unpacker{gz: gz, until: until}, nil
}

func (u *unpacker) Read(b []byte) (int, error) {
	if u.offset >= maxUnpacked || time.Now().After(u.until) {
		return 0, errTooLarge
	}
	n, err := u.gz.Read(b)
	u.offset += int64(n)
	u.before = append(u.before, b[max(0, n-markSize):n]...)
	u.before = append(u.before[:0], u.before[max(0, len(u.before)-markSize):]...)
	if errors.Is(err, gzip.ErrHeader) {
		err = errNoMember
	}
	return n, err
}

// skip goes on by n bytes. The error is io.EOF when there are fewer.
func (u *unpacker) skip(n int64) error {
	_, err := io.CopyN(io.Discard, u, n)
	return err
}
