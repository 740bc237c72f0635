package accesslog

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// maxUnpacked bounds the text of one compressed file, in bytes. The rest counts as lost.
const maxUnpacked = 10 << 30

var (
	errNotGzip  = errors.New("only .gz can be read")
	errNoMember = errors.New("something else follows")
	errTooLarge = errors.New("it holds more than 10 GiB")
)

// A packedLog is a compressed file of a log. Offset is a place in the text that it holds.
type packedLog struct {
	logFile
	u    *unpacker // nil until the files before it are read
	buf  []byte    // maxLine bytes
	rest []byte    // the part of buf that is unpacked and not counted
	ends error     // why no more bytes come: io.EOF at the end of the file
}

// next is the block behind Offset. It is empty when more has to be unpacked first: then the caller calls next again. The error
// says why no more lines come, io.EOF at the end.
func (l *packedLog) next() (block, error) {
	if l.u == nil && l.ends == nil {
		l.u, l.ends = newUnpacker(l.f)
		l.buf = make([]byte, maxLine)
	}
	if b := l.cut(l.rest); b.size() > 0 {
		return b, nil
	}
	switch {
	case errors.Is(l.ends, io.EOF) && len(l.rest) > 0:
		return block{lines: l.rest}, nil // the last line, without '\n'
	case l.ends != nil:
		return block{}, l.ends
	case l.u.offset < l.Offset:
		if l.ends = l.u.skip(min(maxLine, l.Offset-l.u.offset)); l.u.offset == l.Offset {
			l.before = slices.Clone(l.u.before)
		}
	default:
		var more int
		n := copy(l.buf, l.rest)
		more, l.ends = l.u.Read(l.buf[n:])
		l.rest = l.buf[:n+more]
	}
	return block{}, nil
}

// counted moves Offset behind a block. The caller counts the lines after that: lines that make us panic are not read again.
func (l *packedLog) counted(b block) {
	l.advance(l.rest[:b.size()])
	l.rest = l.rest[b.size():]
}

// where is the position for a saved state. Until the file is unpacked up to Offset it is the position that was found.
func (l *packedLog) where() position {
	if l.before == nil {
		return l.position
	}
	return l.logFile.where()
}

// beginningOfPacked is the first markSize bytes of the text in a compressed file.
func beginningOfPacked(f *os.File) ([]byte, error) {
	u, err := newUnpacker(f)
	if err != nil {
		return nil, err
	}
	if err := u.skip(markSize); err != nil && !errors.Is(err, io.EOF) {
		return u.before, err
	}
	return u.before, nil
}

// An unpacker reads a .gz.
type unpacker struct {
	gz     *gzip.Reader
	offset int64
	before []byte // the last bytes before offset, at most markSize
}

func newUnpacker(f *os.File) (*unpacker, error) {
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
	return &unpacker{gz: gz}, nil
}

func (u *unpacker) Read(b []byte) (int, error) {
	if u.offset >= maxUnpacked {
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

// skip unpacks n bytes and drops them. The error is io.EOF when there are fewer.
func (u *unpacker) skip(n int64) error {
	_, err := io.CopyN(io.Discard, u, n)
	return err
}
