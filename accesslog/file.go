package accesslog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"
)

// maxLine is the longest line that is counted, with its end. Longer ones are skipped.
const maxLine = 64 << 10

// errReplaced says that a file no longer holds what was read from it: it was truncated, and perhaps written anew.
var errReplaced = errors.New("file was truncated")

// A logFile is one file of a log, at the place up to which it is counted.
type logFile struct {
	position
	f          *os.File  // nil until it is found, and again once it was truncated
	before     []byte    // what stands before Offset, at most markSize
	unfinished int64     // the size at which nothing but half a line was left
	sure       int64     // the size when it was seen last to be the same file
	written    time.Time // when it was written to last, be it the same file or not
	grew       time.Time
	caught     time.Time // when all of it was read last
	broken     error     // of the last reading
	links      uint64
	restored   bool // the newest one of a saved state: nobody knows what was written to it since
}

// opened makes f the file of l, whose mark is before.
func (l *logFile) opened(f *os.File, at found, before []byte, now time.Time) {
	l.f, l.Name, l.ID = f, at.name, at.id
	l.before = append(make([]byte, 0, markSize), before...)
	l.caught, l.broken = now, nil
	l.Size, l.Modified, l.links, l.grew, l.restored, l.unfinished = at.size, at.modified, at.links, now, false, 0
	l.sure, l.written = at.size, at.modified
}

// truncated makes l a position that is looked for: a copy of the file may hold what is not read yet.
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

// refresh looks how large the file is now.
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

// atEnd says that all is read but perhaps half a line.
func (l *logFile) atEnd() bool { return l.Size == l.Offset || l.Size == l.unfinished }

// A block is what one reading gives: whole lines to count, or a part of one that is too long, which tooLong is 1 at
// the beginning of. Nothing is the end of the file for now.
type block struct {
	lines, skipped []byte
	tooLong        int
}

func (b block) size() int { return len(b.lines) + len(b.skipped) }

// cut is the block that rest begins with: all there is behind p, or the first maxLine bytes of it.
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

// next reads on. All of the block goes to advance once it is counted.
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

// advance goes behind what was counted, and keeps its end as the mark.
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

// lastLine is what a file that nobody writes to any longer holds as its last line, without an end.
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

// toLine goes back to where the line begins that the position is in: that of a file which nobody read before.
func (l *logFile) toLine(buf []byte) {
	from := max(0, l.Offset-maxLine)
	n, _ := l.f.ReadAt(buf[:l.Offset-from], from)
	if int64(n) < l.Offset-from {
		return // truncated meanwhile: that shows when it is read
	}
	if end := bytes.LastIndexByte(buf[:n], '\n') + 1; end > 0 || from == 0 {
		l.Offset = from + int64(end)
		l.before = append(l.before[:0], buf[max(0, end-markSize):end]...)
		return
	}
	l.Skipping = true
	l.before = append(l.before[:0], buf[max(0, n-markSize):n]...)
}

// where is the position as it is written down.
func (l *logFile) where() position {
	p := l.position
	if l.f != nil {
		p.Marked, p.Mark = len(l.before), checksum(l.before)
	}
	return p
}
