package accesslog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"
)

// maxLine bounds a line, with its '\n', in bytes. Longer lines are skipped.
const maxLine = 64 << 10

// errReplaced is the error of a file that no longer holds the bytes that were read from it: somebody has truncated it.
var errReplaced = errors.New("file was truncated")

// A logFile is one file of a log, and the position up to which its lines are counted.
type logFile struct {
	position
	f          *os.File  // nil until it is found, and again once it was truncated
	before     []byte    // the last bytes before Offset, at most markSize
	unfinished int64     // the size at which the rest behind Offset was a line without an end
	sure       int64     // the size when the bytes before Offset were last seen to be unchanged
	written    time.Time // modification time; the file may have been truncated since it was read
	grew       time.Time // when its size changed last
	caught     time.Time // when all of it was read last
	broken     error     // of the last reading
	links      uint64    // names of the file; 0: it is deleted
	restored   bool      // the newest file of a saved state: it may have grown before it was deleted
}

// opened sets the file of l to f, with before as the bytes before Offset.
func (l *logFile) opened(f *os.File, at found, before []byte, now time.Time) {
	l.f, l.Name, l.ID = f, at.name, at.id
	l.before = append(make([]byte, 0, markSize), before...)
	l.caught, l.broken = now, nil
	l.Size, l.Modified, l.links, l.grew, l.restored, l.unfinished = at.size, at.modified, at.links, now, false, 0
	l.sure, l.written = at.size, at.modified
}

// truncated closes the file and keeps the position. find then looks for a copy, which may have the lines that are not read yet:
// copytruncate of logrotate makes one.
func (l *logFile) truncated() {
	l.position = l.where()
	l.Size = max(l.Offset, min(l.sure, l.Size))
	l.close()
}

func (l *logFile) close() {
	if l.f != nil {
		l.f.Close()
		l.f = nil
	}
}

// refresh asks the file system for the size of the file. The error is errReplaced when it is below Offset.
func (l *logFile) refresh(now time.Time) error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	at, err := foundAt(l.Name, info)
	if err != nil {
		return err
	}
	if at.size != l.Size {
		l.grew = now
	}
	if at.size < l.Offset {
		return errReplaced
	}
	l.Size, l.written, l.links = at.size, at.modified, at.links
	return nil
}

// atEnd says whether all whole lines are read.
func (l *logFile) atEnd() bool { return l.Size == l.Offset || l.Size == l.unfinished }

// A block is the result of one reading: whole lines, or else a part of a line that is too long. tooLong is 1 in the first part
// of such a line. An empty block: the file has no more bytes yet.
type block struct {
	lines, skipped []byte
	tooLong        int
}

func (b block) size() int { return len(b.lines) + len(b.skipped) }

// cut is the block at the beginning of rest. rest has all bytes behind the position, or the first maxLine of them.
func (p *position) cut(rest []byte) block {
	end := bytes.LastIndexByte(rest, '\n') + 1
	switch {
	case p.Skipping:
		if end = bytes.IndexByte(rest, '\n') + 1; end == 0 {
			return block{skipped: rest}
		}
		p.Skipping = false
		return block{skipped: rest[:end]}
	case end > 0:
		return block{lines: rest[:end]}
	case len(rest) == maxLine:
		p.Skipping = true
		return block{skipped: rest, tooLong: 1}
	}
	return block{}
}

// next reads the block behind Offset. The caller counts the block, and hands all of it to advance.
func (l *logFile) next(buf []byte) (block, error) {
	if l.atEnd() {
		return block{}, nil
	}
	mark := len(l.before)
	n, err := l.f.ReadAt(buf[:mark+maxLine], l.Offset-int64(mark))
	if err != nil && !errors.Is(err, io.EOF) {
		return block{}, err
	}
	if n < mark || !bytes.Equal(buf[:mark], l.before) {
		return block{}, errReplaced
	}
	l.sure, l.Modified = l.Size, l.written
	b := l.cut(buf[mark:n])
	if b.size() == 0 {
		l.unfinished = l.Offset + int64(n-mark)
	}
	return b, nil
}

// advance moves Offset behind the bytes that were counted, and keeps the last of them in before.
func (l *logFile) advance(counted []byte) {
	l.Offset += int64(len(counted))
	l.Size = max(l.Size, l.Offset)
	if len(counted) < markSize {
		keep := min(len(l.before), markSize-len(counted))
		l.before = append(l.before[:0], l.before[len(l.before)-keep:]...)
	} else {
		l.before, counted = l.before[:0], counted[len(counted)-markSize:]
	}
	l.before = append(l.before, counted...)
}

// lastLine is the last line of a file that nobody writes to any longer, when it has no '\n'; it gets one. Otherwise it is nil.
func (l *logFile) lastLine(buf []byte) []byte {
	if l.f == nil || l.Skipping || l.Size == l.Offset {
		return nil
	}
	n, _ := l.f.ReadAt(buf[:maxLine-1], l.Offset)
	if n == 0 || bytes.IndexByte(buf[:n], '\n') >= 0 {
		return nil
	}
	return append(buf[:n], '\n')
}

// toLine moves Offset back to the beginning of the line in which it lies. For example, the exporter starts when the web server
// has written half a line: with Offset 120 in a line that begins at 100, toLine makes it 100. A line that is longer than
// maxLine is skipped.
func (l *logFile) toLine(buf []byte) {
	from := max(0, l.Offset-maxLine)
	n, _ := l.f.ReadAt(buf[:l.Offset-from], from)
	if int64(n) < l.Offset-from {
		return // it was truncated meanwhile: next finds that out
	}
	if end := bytes.LastIndexByte(buf[:n], '\n') + 1; end > 0 || from == 0 {
		l.Offset = from + int64(end)
		l.before = append(l.before[:0], buf[max(0, end-markSize):end]...)
		return
	}
	l.Skipping = true
	l.before = append(l.before[:0], buf[max(0, n-markSize):n]...)
}

// where is the position for a saved state, with the checksum of the bytes before Offset.
func (l *logFile) where() position {
	p := l.position
	if l.f != nil {
		p.Marked, p.Mark = len(l.before), checksum(l.before)
	}
	return p
}
