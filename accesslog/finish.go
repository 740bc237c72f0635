package accesslog

import (
	"fmt"
	"slices"
	"time"
)

const (
	// maxDone bounds the positions of files that were read to their end.
	maxDone = 64
	// linger is how long a rotated file stays open after its last line: web servers write to it until they reopen their logs.
	linger = time.Minute
	// lingerDeleted is the same for a file after which no new one was written to: the web server may go on in the old one.
	lingerDeleted = time.Hour
)

// finish closes files that are read to their end and will not grow: rotated and deleted ones, after linger or lingerDeleted.
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
				continue // the web server may still write to it, while the new file is empty
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

// lose counts the bytes of a file that is gone and was not read to its end. It knows the size that the file had last: more may
// have been written since.
func (t *Tailer) lose(l *logFile, now time.Time) {
	lost := max(0, l.Size-l.Offset)
	if lost > 0 || l.restored {
		t.lost += uint64(lost)
		t.loss = loss{now, fmt.Errorf("%w: %s is gone, with %d bytes or more that nobody read", ErrLost, l.Name, lost)}
	}
}
