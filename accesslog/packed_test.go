package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// gzipped is text as gzip packs it.
func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if _, err := io.WriteString(w, text); err != nil || w.Close() != nil {
		t.Fatal("packing does not work")
	}
	return b.Bytes()
}

func TestCompressed(t *testing.T) {
	eachLineOnce(t, map[string]func(*tailTest){
		"rotated and compressed several times between two looks": func(tt *tailTest) {
			for n := range 5 {
				tt.write("registry.log", 6)
				tt.compress(fmt.Sprintf("registry.log-2026112%d", n))
				tt.write("registry.log", 3)
				if n%2 == 1 {
					tt.look()
				}
			}
		},
		"read in part, then compressed while it is down": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.restart(func() {
				tt.append("registry.log", strings.TrimSuffix(tt.lines(2000), "\n"))
				tt.compress("registry.log.1")
				tt.write("registry.log", 5)
			})
		},
		"rotated, read, and compressed": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 5)
			tt.look()
			tt.pack("registry.log.1")
			tt.restart(idle)
		},
		"rotated, compressed and deleted before it was read to its end": func(tt *tailTest) {
			tt.look()
			tt.write("registry.log", 500)
			tt.compress("registry.log.1")
			tt.remove("registry.log.1.gz")
			tt.look()
			tt.write("registry.log", 5)
		},
		"read to its end, then compressed while it is down": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.restart(func() {
				tt.compress("registry.log.1")
				tt.write("registry.log", 5)
			})
		},
	})
}

// A compressed file takes many turns: it is read on from where it is, also after a restart or under another name.
func TestLargeCompressed(t *testing.T) {
	eachLineOnce(t, map[string]func(*tailTest){
		"compressed while it is down": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
		},
		"the place to go on at is near its end": func(tt *tailTest) {
			tt.writeMany()
			tt.restart(func() { tt.write("registry.log", 20); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
		},
		"killed while the place to go on at is searched": func(tt *tailTest) {
			tt.writeMany()
			tt.restart(func() { tt.write("registry.log", 20); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			if tt.tail.streams[0].search == nil {
				tt.Error("nothing is searched")
			}
			tt.scrape()
			tt.kill(idle)
		},
		"killed while it is read": func(tt *tailTest) {
			tt.write("registry.log", 7)
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			tt.readsPacked()
			tt.scrape()
			tt.kill(idle)
			tt.readsPacked()
		},
		"killed while it is read, and rotated on while it is down": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			tt.readsPacked()
			tt.scrape()
			tt.kill(func() {
				tt.rename("registry.log.1.gz", "registry.log.2.gz")
				tt.compress("registry.log.1")
				tt.write("registry.log", 5)
			})
		},
		"killed while it is read, and again before it is unpacked up to there": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			for lineCount(tt.scrape(), "parsed") < manyLines*9/10 {
				tt.readsPacked()
			}
			tt.kill(idle)
			tt.now = tt.now.Add(time.Second)
			tt.tail.turn(tt.now)
			if len(tt.tail.streams[0].packed) == 0 {
				tt.Error("the place is not found")
			}
			tt.scrape()
			tt.kill(idle)
		},
		"reloaded while it is read": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			tt.readsPacked()
			state, err := tt.tail.encode()
			tt.try(err)
			tt.tail.closeFiles()
			tt.start(tt.tail.opts, state)
		},
		"renamed and deleted while it is read": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			tt.readsPacked()
			tt.rename("registry.log.1.gz", "registry.log.2.gz")
			tt.readsPacked()
			tt.remove("registry.log.2.gz")
		},
		"rotated while it is read": func(tt *tailTest) {
			tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
			tt.readsPacked()
			tt.rename("registry.log", "registry.log.2")
			tt.write("registry.log", 5)
			tt.readsPacked()
			tt.pack("registry.log.2")
		},
	})
}

const manyLines = 5_600

// writeMany writes 17 MiB: more than is searched or read at once.
func (tt *tailTest) writeMany() {
	tt.Helper()
	agent := strings.Repeat("x", 3<<10)
	tt.append("registry.log", strings.ReplaceAll(tt.lines(manyLines), "containerd", agent))
}

// readsPacked lets the Tailer have one turn, after which a compressed file is not read to its end.
func (tt *tailTest) readsPacked() {
	tt.Helper()
	before := lineCount(tt.scrape(), "parsed")
	tt.now = tt.now.Add(time.Second)
	tt.tail.turn(tt.now)
	r := tt.scrape()
	if after := lineCount(r, "parsed"); after == before || len(tt.tail.streams[0].packed) == 0 || r.Files[0].Lag == 0 || r.Files[0].Behind == 0 {
		tt.Errorf("%d lines are counted after %d, and %+v", after, before, r.Files)
	}
}

// A compressed file that is deleted while it is read, and the process with it, is lost from where it was read to.
func TestLargeCompressedIsLost(t *testing.T) {
	tt := newTailTest(t)
	tt.restart(func() { tt.writeMany(); tt.compress("registry.log.1"); tt.write("registry.log", 5) })
	tt.readsPacked()
	read := lineCount(tt.scrape(), "parsed")
	tt.kill(func() { tt.remove("registry.log.1.gz") })
	tt.look()
	r := tt.scrape()
	if want := (tt.written - read) * (len(logLine(0)) + 3<<10); int(r.LostBytes) < want*9/10 || int(r.LostBytes) > want*11/10 || !errors.Is(r.Problem, ErrLost) {
		t.Errorf("%d bytes are lost, want about %d; problem: %v", r.LostBytes, want, r.Problem)
	}
}

func TestUnpackingEnds(t *testing.T) {
	tt := newTailTest(t)
	tt.pack("registry.log")
	f, err := os.Open(tt.path("registry.log.gz"))
	tt.try(err)
	defer f.Close()
	u, err := newUnpacker(f)
	tt.try(errors.Join(err, u.skip(1)))
	u.offset = maxUnpacked
	if err := u.skip(1); !errors.Is(err, errTooLarge) {
		t.Errorf("after many bytes: %v, want %v", err, errTooLarge)
	}
}

func TestUnpackingTakesLittleMemory(t *testing.T) {
	tt := newTailTest(t)
	tt.restart(func() {
		tt.append("registry.log", strings.Repeat("\x00", 64<<20))
		tt.compress("registry.log.1")
		tt.write("registry.log", 5)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tt.look()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("%d bytes are used", used)
	}
	if got := lineCount(tt.scrape(), "too_long"); got != 1 {
		t.Errorf("%d lines are too long, want 1", got)
	}
}
