package accesslog

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// Files that cannot be read, and how much of them is known to be lost.
func TestWhatIsLostIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*tailTest)
		read    int // lines, of those written
		lost    int // lines
	}{
		"compressed and damaged while it is down": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.compress("registry.log.1")
			tt.damage("registry.log.1.gz", 0)
			tt.write("registry.log", 7)
		}, 7, 5},
		"several compressed and damaged while it is down": {func(tt *tailTest) {
			for n := range 3 {
				tt.write("registry.log", 5)
				tt.compress(fmt.Sprintf("registry.log-2026112%d", n))
				tt.damage(fmt.Sprintf("registry.log-2026112%d.gz", n), 0)
			}
			tt.write("registry.log", 7)
		}, 7, 15},
		"damaged, but for the last one": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.compress("registry.log.2")
			tt.damage("registry.log.2.gz", 0)
			tt.write("registry.log", 7)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 8)
		}, 15, 5},
		"the middle one is damaged": {func(tt *tailTest) {
			later := func(name string, minutes int) {
				at := time.Now().Add(time.Duration(minutes) * time.Minute)
				tt.try(os.Chtimes(tt.path(name), at, at))
			}
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.2")
			later("registry.log.2", 1)
			tt.write("registry.log", 7)
			tt.rename("registry.log", "registry.log.1")
			later("registry.log.1", 2)
			tt.pack("registry.log.1")
			tt.damage("registry.log.1.gz", 0)
			tt.write("registry.log", 8)
		}, 13, 7},
		"compressed as nobody can read it": {func(tt *tailTest) {
			tt.write("registry.log", 5) // nobody can know how much
			tt.compress("registry.log.1")
			tt.rename("registry.log.1.gz", "registry.log.1.xz")
			tt.write("registry.log", 7)
		}, 7, 0},
		"the end of a compressed file is damaged": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.compress("registry.log.1")
			tt.damage("registry.log.1.gz", -8) // its checksum
			tt.write("registry.log", 7)
		}, 12, 0},
		"a compressed file is cut off": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.compress("registry.log.1")
			at, err := stat(tt.path("registry.log.1.gz"))
			tt.try(errors.Join(err, os.Truncate(tt.path("registry.log.1.gz"), at.size-5)))
			tt.write("registry.log", 7)
		}, 12, 0},
		"a compressed file has something behind its end": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.compress("registry.log.1")
			tt.append("registry.log.1.gz", "something else")
			tt.write("registry.log", 7)
		}, 12, 0},
		"deleted while it is down": {func(tt *tailTest) {
			tt.write("registry.log", 5) // nobody can know
			tt.remove("registry.log")
			tt.write("registry.log", 7)
		}, 7, 0},
		"another file of the same identity": {func(tt *tailTest) {
			tt.truncate("registry.log") // an inode is used again, and the file grows beyond the position
			tt.write("registry.log", 1000)
		}, 1000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t)
			tt.write("registry.log", 10)
			tt.restart(func() { c.happens(tt) })
			tt.look()
			r := tt.scrape()
			if got := lineCount(r, "parsed"); got != 10+c.read {
				t.Errorf("%d lines are counted, want %d", got, 10+c.read)
			}
			if want := c.lost * len(logLine(10)); int(r.LostBytes) != want || !errors.Is(r.Problem, ErrLost) {
				t.Errorf("%d bytes are lost, want %d; problem: %v", r.LostBytes, want, r.Problem)
			}
			tt.now = tt.now.Add(lossShown)
			if r := tt.scrape(); r.Problem != nil {
				t.Errorf("problem after a while: %s", r.Problem)
			}
			tt.kill(idle)
			tt.look()
			if r := tt.scrape(); int(r.LostBytes) != c.lost*len(logLine(10)) || r.Problem != nil {
				t.Errorf("after a restart: %d bytes are lost, problem: %v", r.LostBytes, r.Problem)
			}
		})
	}
}

// Bytes that a truncation removes before they were read are counted as lost, as far as the reader knew the size.
func TestTruncatedBeforeItWasRead(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 3*blocksPerTurn*maxLine/len(logLine(0)))
	tt.now = tt.now.Add(time.Second)
	tt.tail.turn(tt.now)
	before := tt.scrape()
	read, unread := lineCount(before, "parsed"), before.Files[0].Lag
	tt.truncate("registry.log")
	tt.write("registry.log", 5)
	tt.look()
	r := tt.scrape()
	if got, want := lineCount(r, "parsed"), read+5; got != want {
		t.Errorf("%d lines are counted, want %d", got, want)
	}
	if unread == 0 || int64(r.LostBytes) != unread || !errors.Is(r.Problem, ErrLost) {
		t.Errorf("%d bytes are lost, want %d; problem: %v", r.LostBytes, unread, r.Problem)
	}
}
