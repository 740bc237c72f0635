package accesslog

import (
	"fmt"
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
