package accesslog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"registry_exporter/durable"
)

// A tailTest is a folder with logs, and a Tailer that is told what time it is.
type tailTest struct {
	*testing.T
	dir     string
	tail    *Tailer
	now     time.Time
	written int // lines, over all logs
}

// newTailTest starts a Tailer on the patterns in a new folder, where a log registry.log holds lines already.
func newTailTest(t *testing.T, patterns ...string) *tailTest {
	t.Helper()
	if patterns == nil {
		patterns = []string{"registry.log"}
	}
	tt := &tailTest{T: t, dir: t.TempDir(), now: time.Now()}
	tt.write("registry.log", 100)
	tt.written = 0
	tt.start(nil, patterns...)
	t.Cleanup(func() { tt.tail.closeFiles() })
	return tt
}

func (tt *tailTest) start(predecessor []byte, patterns ...string) {
	tt.Helper()
	var err error
	o := TailOptions{Lines: Options{Format: "combined"}, StateFile: filepath.Join(tt.dir, "state", "hub")}
	for _, p := range patterns {
		o.Paths = append(o.Paths, tt.path(p))
	}
	if tt.tail, err = NewTailer(o, &sync.Mutex{}); err != nil {
		tt.Fatal(err)
	}
	tt.tail.begin(predecessor, tt.now)
}

func (tt *tailTest) path(name string) string { return filepath.Join(tt.dir, name) }

func (tt *tailTest) try(err error) {
	tt.Helper()
	if err != nil {
		tt.Fatal(err)
	}
}

// logLine is one that no other is like.
func logLine(n int) string {
	return fmt.Sprintf("10.0.0.1 - - [21/Nov/2026:22:18:08 +0000] \"GET /v2/a/b/blobs/sha256:%064x HTTP/1.1\" 200 %d \"-\" \"containerd\"\n", n, n)
}

func (tt *tailTest) lines(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(logLine(tt.written))
		tt.written++
	}
	return b.String()
}

func (tt *tailTest) write(name string, lines int) { tt.Helper(); tt.append(name, tt.lines(lines)) }

func (tt *tailTest) append(name, text string) {
	tt.Helper()
	f, err := os.OpenFile(tt.path(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	tt.try(err)
	_, err = f.WriteString(text)
	tt.try(errors.Join(err, f.Close()))
}

func (tt *tailTest) rename(from, to string) {
	tt.Helper()
	tt.try(os.Rename(tt.path(from), tt.path(to)))
}
func (tt *tailTest) remove(name string)   { tt.Helper(); tt.try(os.Remove(tt.path(name))) }
func (tt *tailTest) truncate(name string) { tt.Helper(); tt.try(os.Truncate(tt.path(name), 0)) }

func (tt *tailTest) copy(from, to string) {
	tt.Helper()
	text, err := os.ReadFile(tt.path(from))
	tt.try(err)
	tt.try(os.WriteFile(tt.path(to), text, 0o600))
}

// pack does as gzip does.
func (tt *tailTest) pack(name string) {
	tt.Helper()
	text, err := os.ReadFile(tt.path(name))
	tt.try(err)
	at, err := stat(tt.path(name))
	tt.try(err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(text)
	tt.try(errors.Join(err, w.Close(), os.WriteFile(tt.path(name+".gz"), b.Bytes(), 0o600)))
	tt.try(os.Chtimes(tt.path(name+".gz"), at.modified, at.modified))
	tt.remove(name)
}

// damage makes a file one that gzip does not know.
func (tt *tailTest) damage(name string) {
	tt.Helper()
	at, err := stat(tt.path(name))
	tt.try(err)
	f, err := os.OpenFile(tt.path(name), os.O_WRONLY, 0)
	tt.try(err)
	_, err = f.WriteString("??")
	tt.try(errors.Join(err, f.Close(), os.Chtimes(tt.path(name), at.modified, at.modified)))
}

// look lets a second pass, and the Tailer read.
func (tt *tailTest) look() { tt.after(time.Second) }

func (tt *tailTest) after(d time.Duration) {
	tt.now = tt.now.Add(d)
	for tt.tail.turn(tt.now) {
		tt.now = tt.now.Add(time.Millisecond)
	}
}

// scrape is what a page shows, and saves it.
func (tt *tailTest) scrape() Report {
	tt.Helper()
	tt.now = tt.now.Add(saveRest)
	r, err := tt.tail.save(tt.Context(), tt.now, tt.tail.rest)
	tt.try(err)
	return r
}

// kill ends the Tailer as the end of its process would, without a word, and while it is down something happens.
func (tt *tailTest) kill(meanwhile func()) {
	tt.Helper()
	var patterns []string
	for _, p := range tt.tail.opts.Paths {
		patterns = append(patterns, strings.TrimPrefix(p, tt.dir+"/"))
	}
	tt.tail.closeFiles()
	meanwhile()
	tt.now = tt.now.Add(time.Hour)
	tt.start(nil, patterns...)
}

func lineCount(r Report, outcome string) int {
	for _, row := range r.Counts.Lines {
		if row.Labels[0] == outcome {
			return int(row.Value)
		}
	}
	return -1
}

// exact wants each line that was written to be counted once, and nothing wrong.
func (tt *tailTest) exact() {
	tt.Helper()
	tt.look()
	r := tt.scrape()
	if got := lineCount(r, "parsed"); got != tt.written {
		tt.Errorf("%d lines are counted, %d were written", got, tt.written)
	}
	if r.LostBytes != 0 || r.Problem != nil || lineCount(r, "unmatched") != 0 {
		tt.Errorf("lost %d bytes, %d lines unmatched, problem: %v", r.LostBytes, lineCount(r, "unmatched"), r.Problem)
	}
	for _, f := range r.Files {
		if f.Lag != 0 || f.Behind != 0 {
			tt.Errorf("%s lags by %d bytes, %s", f.Path, f.Lag, f.Behind)
		}
	}
}

// copyTruncate rotates as logrotate does with copytruncate, compress and delaycompress.
func copyTruncate(tt *tailTest) {
	tt.Helper()
	for n := 30; n > 1; n-- {
		if name := fmt.Sprintf("registry.log.%d.gz", n); exists(tt.path(name)) {
			tt.rename(name, fmt.Sprintf("registry.log.%d.gz", n+1))
		}
	}
	if exists(tt.path("registry.log.1")) {
		tt.rename("registry.log.1", "registry.log.2")
		tt.pack("registry.log.2")
	}
	time.Sleep(5 * time.Millisecond) // the order of copies is that of their times
	tt.copy("registry.log", "registry.log.1")
	tt.truncate("registry.log")
}

// TestEveryLineOnce names what may happen to logs. Whatever it is, each line is counted once.
func TestEveryLineOnce(t *testing.T) {
	nothing := func() {}
	rotate := func(tt *tailTest) {
		tt.rename("registry.log.1", "registry.log.2")
		tt.rename("registry.log", "registry.log.1")
	}
	for name, happens := range map[string]func(*tailTest){
		"the first lines were there before": func(*tailTest) {},
		"a log grows":                       func(tt *tailTest) { tt.write("registry.log", 10); tt.look(); tt.write("registry.log", 10000) },
		"a log does not grow":               func(tt *tailTest) { tt.look(); tt.look() },
		"half a line is written": func(tt *tailTest) {
			tt.append("registry.log", logLine(7)[:40])
			tt.look()
			tt.look()
			tt.append("registry.log", logLine(7)[40:])
			tt.written++
		},
		"half a line is written before a restart": func(tt *tailTest) {
			tt.append("registry.log", tt.lines(3)+logLine(7)[:40])
			tt.look()
			tt.scrape()
			tt.kill(nothing)
			tt.append("registry.log", logLine(7)[40:])
			tt.written++
		},
		"killed with nothing new":    func(tt *tailTest) { tt.write("registry.log", 10); tt.look(); tt.scrape(); tt.kill(nothing) },
		"killed before it was saved": func(tt *tailTest) { tt.scrape(); tt.write("registry.log", 10); tt.look(); tt.kill(nothing) },
		"killed before the first page": func(tt *tailTest) {
			tt.write("registry.log", 10)
			tt.look()
			tt.kill(func() { tt.write("registry.log", 10) })
		},

		"rotated by rename": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 6)
		},
		"rotated by rename, with a date": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log-20261121")
			tt.write("registry.log", 6)
		},
		"rotated by rename, before .log": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry-20261121.log")
			tt.write("registry.log", 6)
		},
		"rotated away, to another folder": func(tt *tailTest) {
			tt.look()
			tt.write("registry.log", 5)
			tt.try(os.Mkdir(tt.path("old"), 0o700))
			tt.rename("registry.log", "old/registry.log")
			tt.write("registry.log", 6)
		},
		"rotated, and the server still writes to the old file": func(tt *tailTest) {
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 6)
			tt.look()
			tt.write("registry.log.1", 5)
			tt.after(linger - time.Second)
			tt.write("registry.log.1", 5)
			tt.after(time.Second)
			tt.after(linger - time.Second)
			tt.write("registry.log.1", 5)
		},
		"rotated, and the server never reopens": func(tt *tailTest) {
			tt.rename("registry.log", "registry.log.1")
			tt.append("registry.log", "")
			for range 5 {
				tt.after(2 * linger)
				tt.write("registry.log.1", 5)
			}
		},
		"rotated, and no new log for long": func(tt *tailTest) {
			tt.rename("registry.log", "registry.log.1")
			tt.after(2 * lingerDeleted)
			tt.write("registry.log.1", 5)
			tt.after(2 * lingerDeleted)
			tt.write("registry.log", 5)
		},
		"rotated with half a line at the end": func(tt *tailTest) {
			tt.append("registry.log", strings.TrimSuffix(tt.lines(1), "\n"))
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 5)
			tt.look()
			tt.after(linger)
		},
		"rotated and restarted after it was read": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 5)
			tt.look()
			tt.after(2 * linger)
			tt.scrape()
			tt.kill(func() { rotate(tt); tt.write("registry.log", 5) })
		},
		"several rotations between two looks": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			for range 3 {
				tt.write("registry.log", 6)
				tt.rename("registry.log.1", fmt.Sprintf("registry.log.%d", 2+tt.written))
				tt.rename("registry.log", "registry.log.1")
			}
			tt.write("registry.log", 7)
		},
		"several rotations while it is down": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.scrape()
			tt.kill(func() {
				tt.write("registry.log", 50)
				tt.rename("registry.log", "registry.log.1")
				for range 3 {
					tt.write("registry.log", 6)
					rotate(tt)
					tt.rename("registry.log.2", fmt.Sprintf("registry.log.%d", 2+tt.written))
				}
			})
			tt.look()
			tt.write("registry.log", 7)
		},
		"killed while an old file is not read to its end": func(tt *tailTest) {
			tt.scrape()
			tt.write("registry.log", 2*blocksPerTurn*maxLine/len(logLine(0)))
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 2*blocksPerTurn*maxLine/len(logLine(0)))
			tt.now = tt.now.Add(time.Second)
			tt.tail.turn(tt.now)
			tt.tail.turn(tt.now)
			if got := lineCount(tt.scrape(), "parsed"); got == 0 || got == tt.written {
				tt.Fatalf("%d lines are counted, which is no part of them", got)
			}
			tt.kill(func() { rotate(tt); tt.write("registry.log", 5) })
		},

		"copied and truncated": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.write("registry.log", 5)
			tt.copy("registry.log", "registry.log.1")
			tt.truncate("registry.log")
			tt.look()
			tt.write("registry.log", 6)
		},
		"copied, and truncated a while later": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.copy("registry.log", "registry.log.1")
			tt.look()
			tt.truncate("registry.log")
			tt.look()
			tt.write("registry.log", 6)
		},
		"copied and truncated, and larger than before at the next look": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.copy("registry.log", "registry.log.1")
			tt.truncate("registry.log")
			tt.write("registry.log", 1000)
		},
		"copied and truncated several times while it is down": func(tt *tailTest) {
			tt.scrape()
			tt.kill(func() {
				for range 3 {
					tt.write("registry.log", 50)
					if exists(tt.path("registry.log.1")) {
						tt.rename("registry.log.1", fmt.Sprintf("registry.log.%d", 2+tt.written))
					}
					time.Sleep(5 * time.Millisecond) // the order of copies is that of their times
					tt.copy("registry.log", "registry.log.1")
					tt.truncate("registry.log")
				}
				tt.write("registry.log", 500)
			})
		},
		"copied and truncated before anything was read, while it is down": func(tt *tailTest) {
			tt.truncate("registry.log")
			tt.look()
			tt.scrape()
			tt.kill(func() {
				tt.write("registry.log", 50)
				tt.copy("registry.log", "registry.log.1")
				tt.truncate("registry.log")
				tt.write("registry.log", 7)
			})
		},
		"copied before anything was read, truncated after a restart": func(tt *tailTest) {
			tt.truncate("registry.log")
			tt.look()
			tt.scrape()
			tt.kill(func() {
				tt.write("registry.log", 50)
				tt.copy("registry.log", "registry.log.1")
				tt.write("registry.log", 3)
				tt.append("registry.log.1", "")
			})
			tt.look()
			tt.copy("registry.log", "registry.log.1")
			tt.truncate("registry.log")
			tt.write("registry.log", 7)
		},
		"copied and truncated several times between two looks": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			for range 4 {
				tt.write("registry.log", 6)
				copyTruncate(tt)
			}
			tt.write("registry.log", 3)
		},
		"copied and truncated several times between two looks, and larger than before": func(tt *tailTest) {
			tt.write("registry.log", 2)
			tt.look()
			for range 4 {
				tt.write("registry.log", 6)
				copyTruncate(tt)
			}
			tt.write("registry.log", 300)
		},
		"copied and truncated when nothing of it was read": func(tt *tailTest) {
			tt.write("registry.log", 5)
			copyTruncate(tt)
			tt.look()
			for range 3 {
				tt.write("registry.log", 6)
				copyTruncate(tt)
				tt.write("registry.log", 7)
				tt.look()
				copyTruncate(tt)
				tt.look()
			}
		},
		"copied, truncated and compressed several times, in between looks and while it is down": func(tt *tailTest) {
			for range 5 {
				tt.write("registry.log", 6)
				copyTruncate(tt)
				if tt.written%4 == 0 {
					tt.look()
				}
			}
			tt.scrape()
			tt.kill(func() { tt.write("registry.log", 6); copyTruncate(tt); tt.write("registry.log", 6); copyTruncate(tt) })
		},
		"rotated and compressed several times between two looks": func(tt *tailTest) {
			for n := range 5 {
				tt.write("registry.log", 6)
				tt.rename("registry.log", fmt.Sprintf("registry.log-2026112%d", n))
				tt.pack(fmt.Sprintf("registry.log-2026112%d", n))
				tt.write("registry.log", 3)
				if n%2 == 1 {
					tt.look()
				}
			}
		},
		"rotated twice between two looks, and the new log is not there yet": func(tt *tailTest) {
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.3")
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.2")
			tt.pack("registry.log.2")
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.1")
		},
		"read in part, then compressed while it is down": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.scrape()
			tt.kill(func() {
				tt.append("registry.log", strings.TrimSuffix(tt.lines(2000), "\n"))
				tt.rename("registry.log", "registry.log.1")
				tt.pack("registry.log.1")
				tt.write("registry.log", 5)
			})
		},
		"copied and not truncated": func(tt *tailTest) {
			tt.copy("registry.log", "registry.log-20261121")
			tt.look()
			tt.write("registry.log", 6)
		},
		"copied before a restart, truncated after it": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.scrape()
			tt.kill(func() { tt.copy("registry.log", "registry.log.1") })
			tt.look()
			tt.truncate("registry.log")
			tt.write("registry.log", 5)
		},
		"truncated when all was read": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.truncate("registry.log")
			tt.look()
			tt.write("registry.log", 5)
		},
		"truncated and restarted": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.truncate("registry.log")
			tt.look()
			tt.write("registry.log", 5)
			tt.look()
			tt.scrape()
			tt.kill(func() { tt.write("registry.log", 5) })
		},
		"rotated, read, and compressed": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 5)
			tt.look()
			tt.pack("registry.log.1")
			tt.look()
			tt.scrape()
			tt.kill(nothing)
		},
		"rotated, compressed and deleted before it was read to its end": func(tt *tailTest) {
			tt.look()
			tt.write("registry.log", 500)
			tt.rename("registry.log", "registry.log.1")
			tt.pack("registry.log.1")
			tt.remove("registry.log.1.gz")
			tt.look()
			tt.write("registry.log", 5)
		},
		"read to its end, then compressed while it is down": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.scrape()
			tt.kill(func() {
				tt.rename("registry.log", "registry.log.1")
				tt.pack("registry.log.1")
				tt.write("registry.log", 5)
			})
		},
		"deleted while the server still writes to it": func(tt *tailTest) {
			f, err := os.OpenFile(tt.path("registry.log"), os.O_WRONLY|os.O_APPEND, 0)
			tt.try(err)
			defer f.Close()
			tt.remove("registry.log")
			tt.after(2 * linger)
			_, err = f.WriteString(tt.lines(10))
			tt.try(err)
			tt.after(2 * linger)
			tt.write("registry.log", 5)
		},
		"an old file is unpacked to look at it": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			text := strings.Repeat(logLine(3), 9)
			tt.append("registry.log.7", text)
			old := time.Now().Add(-24 * time.Hour)
			tt.try(os.Chtimes(tt.path("registry.log.7"), old, old))
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t)
			happens(tt)
			tt.exact()
			tt.kill(nothing)
			tt.exact()
			tt.after(2 * lingerDeleted)
			tt.exact()
		})
	}
}

// Files that cannot be read, and how much of them is known to be lost.
func TestWhatIsLostIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*tailTest)
		read    int // lines, of those written
		lost    int // lines
	}{
		"compressed and damaged while it is down": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.pack("registry.log.1")
			tt.damage("registry.log.1" + ".gz")
			tt.write("registry.log", 7)
		}, 7, 5},
		"several compressed and damaged while it is down": {func(tt *tailTest) {
			for n := range 3 {
				tt.write("registry.log", 5)
				tt.rename("registry.log", fmt.Sprintf("registry.log-2026112%d", n))
				tt.pack(fmt.Sprintf("registry.log-2026112%d", n))
				tt.damage(fmt.Sprintf("registry.log-2026112%d", n) + ".gz")
			}
			tt.write("registry.log", 7)
		}, 7, 15},
		"damaged, but for the last one": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.2")
			tt.pack("registry.log.2")
			tt.damage("registry.log.2" + ".gz")
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
			tt.damage("registry.log.1" + ".gz")
			tt.write("registry.log", 8)
		}, 13, 7},
		"compressed as nobody can read it": {func(tt *tailTest) {
			tt.write("registry.log", 5) // nobody can know how much
			tt.rename("registry.log", "registry.log.1")
			tt.pack("registry.log.1")
			tt.rename("registry.log.1.gz", "registry.log.1.xz")
			tt.write("registry.log", 7)
		}, 7, 0},
		"the end of a compressed file is damaged": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.pack("registry.log.1")
			at, err := stat(tt.path("registry.log.1.gz"))
			tt.try(err)
			f, err := os.OpenFile(tt.path("registry.log.1.gz"), os.O_WRONLY, 0)
			tt.try(err)
			_, err = f.WriteAt([]byte("????"), at.size-8) // its checksum
			tt.try(errors.Join(err, f.Close()))
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
			tt.look()
			tt.scrape()
			tt.kill(func() { c.happens(tt) })
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
			tt.kill(func() {})
			tt.look()
			if r := tt.scrape(); int(r.LostBytes) != c.lost*len(logLine(10)) || r.Problem != nil {
				t.Errorf("after a restart: %d bytes are lost, problem: %v", r.LostBytes, r.Problem)
			}
		})
	}
}

// What a truncation throws away is counted as far as it was seen.
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

func TestLinesThatAreTooLong(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, c := range map[string]struct {
		lines           string
		parsed, tooLong int
	}{
		"as long as may be":  {long[1:] + "\n", 1, 0},
		"a byte more":        {long + "\n", 0, 1},
		"much more":          {strings.Repeat(long, 5) + "\n", 0, 1},
		"two of them":        {long + "\n" + long + "\n", 0, 2},
		"between two others": {"a\n" + long + "y\nb\n", 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for at := 0; at <= len(c.lines); at += maxLine / 3 {
				tt := newTailTest(t)
				tt.append("registry.log", c.lines[:at])
				tt.look()
				tt.scrape()
				tt.kill(func() {})
				tt.look()
				tt.append("registry.log", c.lines[at:])
				tt.look()
				r := tt.scrape()
				if all, tooLong := lineCount(r, "parsed")+lineCount(r, "unmatched"), lineCount(r, "too_long"); all != c.parsed || tooLong != c.tooLong {
					t.Errorf("cut at %d: %d lines, %d too long, want %d, %d", at, all, tooLong, c.parsed, c.tooLong)
				}
			}
		})
	}
}

// After a copytruncate a writer that does not append goes on where it was, behind a hole.
func TestAHoleIsALineThatIsTooLong(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 1000)
	tt.look()
	end := int64(1100 * len(logLine(0)))
	tt.truncate("registry.log")
	f, err := os.OpenFile(tt.path("registry.log"), os.O_WRONLY, 0)
	tt.try(err)
	defer f.Close()
	_, err = f.WriteAt([]byte(tt.lines(3)), end)
	tt.try(err)
	tt.look()
	if r := tt.scrape(); lineCount(r, "parsed") != tt.written-1 || lineCount(r, "too_long") != 1 {
		t.Errorf("%d lines, %d too long", lineCount(r, "parsed"), lineCount(r, "too_long"))
	}
}

// Which files are logs, and from where they are read.
func TestWhichFiles(t *testing.T) {
	all := func(tt *tailTest) { tt.exact() }
	for name, c := range map[string]struct {
		patterns []string
		happens  func(*tailTest)
	}{
		"a file that appears later": {[]string{"registry*.log"}, func(tt *tailTest) {
			tt.write("registry-tls.log", 10)
			all(tt)
			tt.write("registry-tls.log", 10)
		}},
		"a file that appears while it is down": {[]string{"registry*.log"}, func(tt *tailTest) {
			tt.scrape()
			tt.kill(func() { tt.write("registry-tls.log", 10) })
		}},
		"a file that is gone, and comes again": {[]string{"registry*.log"}, func(tt *tailTest) {
			tt.write("registry-tls.log", 10)
			tt.look()
			tt.remove("registry-tls.log")
			tt.after(2 * lingerDeleted)
			tt.look()
			if got := len(tt.scrape().Files); got != 1 {
				tt.Errorf("%d files are shown, want 1", got)
			}
			tt.write("registry-tls.log", 10)
		}},
		"two patterns for one file": {[]string{"registry*.log", "*.log"}, func(tt *tailTest) { tt.write("registry.log", 10) }},
		"two names of one file": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(os.Symlink("registry.log", tt.path("current.log")))
			tt.try(os.Link(tt.path("registry.log"), tt.path("second.log")))
			tt.look()
			tt.write("registry.log", 10)
		}},
		"a pattern that old files match too": {[]string{"registry*"}, func(tt *tailTest) {
			old, yesterday := strings.Repeat(logLine(0), 9), time.Now().Add(-24*time.Hour)
			for _, name := range []string{"registry.log.3", "registry.log.4.gz", "registry.log-20261101", "registry.3.log", "registry-20261101.log", "registry-20261102.log.xz"} {
				tt.append(name, old)
				tt.try(os.Chtimes(tt.path(name), yesterday, yesterday))
			}
			tt.write("registry.log", 10)
			tt.look()
			tt.rename("registry.log", "registry.log.1")
			tt.look()
			tt.after(2 * linger)
			tt.write("registry.log", 10)
			tt.look()
			tt.copy("registry.log", "registry.log.2")
			tt.truncate("registry.log")
		}},
		"logs that only end in a number": {[]string{"registry*"}, func(tt *tailTest) {
			tt.write("registry-1.log", 5)
			tt.write("registry-2.log", 5)
			tt.write("registry_3", 5)
			tt.write("registry-access.log", 5)
		}},
		"a log that is renamed to another name of the pattern": {[]string{"registry*"}, func(tt *tailTest) {
			for range 3 {
				tt.write("registry.log", 10)
				tt.look()
				tt.rename("registry.log", "registry.log.moved")
				tt.write("registry.log", 10)
				tt.look()
				tt.after(2 * linger)
				tt.look()
				tt.write("registry.log", 10)
				tt.after(2 * linger)
			}
		}},
		"a log that is renamed to another one while it is down": {[]string{"*.log"}, func(tt *tailTest) {
			for range 3 {
				tt.write("registry.log", 10)
				tt.write("a.log", 3)
				tt.look()
				tt.scrape()
				tt.kill(func() {
					tt.write("registry.log", 10)
					tt.rename("registry.log", "a.log") // what nobody has read of a.log is gone; there was nothing
					tt.write("registry.log", 10)
				})
				tt.look()
				tt.tail.loss = loss{}
			}
		}},
		"rotated to a name without a number": {[]string{"registry*"}, func(tt *tailTest) {
			for range 3 {
				tt.write("registry.log", 10)
				tt.look()
				tt.scrape()
				tt.kill(func() {
					tt.write("registry.log", 10)
					tt.rename("registry.log", "registry.log.old")
					tt.write("registry.log", 10)
				})
			}
		}},
		"a file for each day": {[]string{"access-*.log"}, func(tt *tailTest) {
			tt.write("access-20261121.log", 10)
			tt.look()
			tt.write("access-20261122.log", 10)
			tt.look()
			tt.write("access-20261121.log", 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t, c.patterns...)
			c.happens(tt)
			tt.exact()
			tt.kill(func() {})
			tt.exact()
		})
	}
}

func TestOldFilesOfALog(t *testing.T) {
	for name, want := range map[string]bool{
		"registry.log.1": true, "registry.log.10": true, "registry.log-20261121": true, "registry.log.2026-11-21": true,
		"registry.log-20261121-1795300000": true, "registry.log-1795300000": true, "registry.log.2026-11-21T22:00": true, "registry.log_1": true, "registry.log.old": true,
		"registry.1.log": true, "registry-20261121.log": true, "registry_2026-11-21_22.log": true,
		"registry.log": false, "registry.log.": false, "registry.log1": false, "registry.log.1.bak": false,
		"registry-1.log": false, "registry-tls.log": false, "registry-tls.log.1": false, "registry.log.1.gz": false, "registry20261121.log": false, "": false,
	} {
		if got := isOld("registry.log", name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
	if !isOld("registry", "registry.1") || isOld("registry", "registry") {
		t.Error("a name without a dot is not understood")
	}
}

// What is wrong is on the page, and what can be read is read on.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		patterns []string
		breaks   func(*tailTest)
		mends    func(*tailTest)
		want     error
	}{
		"no file": {[]string{"registry.log", "none.log"}, func(tt *tailTest) {
			tt.remove("registry.log")
			tt.after(2 * lingerDeleted)
		}, func(tt *tailTest) { tt.write("none.log", 3) }, ErrMissing},
		"a folder": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(os.Mkdir(tt.path("other.log"), 0o700))
		}, func(tt *tailTest) { tt.remove("other.log"); tt.write("other.log", 3) }, ErrUnreadable},
		"a device": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(os.Symlink("/dev/null", tt.path("other.log")))
		}, func(tt *tailTest) { tt.remove("other.log"); tt.write("other.log", 3) }, ErrUnreadable},
		"a named pipe that nobody writes to": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(syscall.Mkfifo(tt.path("other.log"), 0o600))
		}, func(tt *tailTest) { tt.remove("other.log"); tt.write("other.log", 3) }, ErrUnreadable},
		"a link to itself in place of a log": {[]string{"*.log"}, func(tt *tailTest) {
			tt.rename("registry.log", "registry.log.1")
			tt.try(os.Symlink("registry.log", tt.path("registry.log")))
			tt.write("registry.log.1", 3)
		}, func(tt *tailTest) { tt.remove("registry.log"); tt.write("registry.log", 3) }, ErrUnreadable},
		"state that cannot be saved": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(errors.Join(os.RemoveAll(tt.path("state")), os.WriteFile(tt.path("state"), nil, 0o600)))
			tt.write("registry.log", 3)
		}, func(tt *tailTest) { tt.remove("state") }, ErrNotSaved},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t, c.patterns...)
			tt.exact()
			c.breaks(tt)
			for range 3 {
				tt.look()
				if r := tt.scrape(); !errors.Is(r.Problem, c.want) {
					t.Errorf("problem: %v, want: %v", r.Problem, c.want)
				} else if got := lineCount(r, "parsed"); got != tt.written {
					t.Errorf("%d lines are counted, %d were written", got, tt.written)
				}
			}
			c.mends(tt)
			tt.exact()
		})
	}
}

// asNobody does something as a user who may read nothing that is not open to all.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		runtime.LockOSThread() // and never unlocked: the thread ends with the test
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(0)
	}
	do()
}

// A file that cannot be read for a while is read on from where it would have been.
func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		before   func(*tailTest) // the restart
		file     string          // cannot be read after it
		readable int             // lines that are counted all the same
	}{
		"at the first start": {func(tt *tailTest) {
			tt.remove("state/hub")
			tt.written = 0
		}, "registry.log", 0},
		"after a restart": {func(tt *tailTest) { tt.write("registry.log", 5) }, "registry.log", 10},
		"rotated while it was down": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 6)
		}, "registry.log.1", 16},
		"rotated while it was down, the new one": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 6)
		}, "registry.log", 15},
		"rotated twice while it was down, the old one": {func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", "registry.log.2")
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.1")
			tt.write("registry.log", 7)
		}, "registry.log.1", 22},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t)
			tt.write("registry.log", 10)
			tt.look()
			tt.scrape()
			tt.tail.closeFiles()
			c.before(tt)
			tt.try(filepath.WalkDir(tt.dir, func(path string, d fs.DirEntry, err error) error {
				if d.IsDir() || filepath.Base(path) == c.file {
					return err
				}
				return os.Chmod(path, 0o644)
			}))
			tt.try(errors.Join(os.Chmod(tt.path(c.file), 0), os.Chmod(tt.path("state"), 0o755), os.Chmod(tt.dir, 0o755), os.Chmod(filepath.Dir(tt.dir), 0o755)))
			asNobody(t, func() {
				tt.start(nil, "registry.log")
				tt.look()
				tt.look()
			})
			r := tt.scrape()
			if got := lineCount(r, "parsed"); got != c.readable || !errors.Is(r.Problem, ErrUnreadable) {
				t.Errorf("%d lines are counted, want %d, problem: %v", got, c.readable, r.Problem)
			}
			tt.try(os.Chmod(tt.path(c.file), 0o600))
			tt.write("registry.log", 3)
			tt.exact()
		})
	}
}

func TestDamagedState(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.look()
	tt.scrape()
	tt.kill(func() { tt.append("state/hub", "x"); tt.write("registry.log", 5) })
	tt.look()
	tt.write("registry.log", 7)
	tt.look()
	if r := tt.scrape(); !errors.Is(r.Problem, ErrLost) || lineCount(r, "parsed") != 7 {
		t.Errorf("%d lines are counted, want 7, problem: %v", lineCount(r, "parsed"), r.Problem)
	}
	tt.written = 7
	tt.kill(func() {})
	tt.exact()
}

// Damaged counts are told, and what was counted is not read again.
func TestDamagedCounts(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.look()
	tt.scrape()
	tt.kill(func() {
		text, err := durable.Load(tt.path("state/hub"))
		tt.try(err)
		var saved savedState
		tt.try(json.Unmarshal(text, &saved))
		saved.Counts[len(saved.Counts)/2] ^= 1
		text, err = json.Marshal(saved)
		tt.try(err)
		tt.try(durable.Save(tt.path("state/hub"), text))
		tt.write("registry.log", 7)
	})
	tt.look()
	if r := tt.scrape(); !errors.Is(r.Problem, ErrLost) || lineCount(r, "parsed") != 7 {
		t.Errorf("%d lines are counted, want 7, problem: %v", lineCount(r, "parsed"), r.Problem)
	}
}

// Another format makes the old counts meaningless, but what was counted is not read again.
func TestOtherOptionsKeepThePosition(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.look()
	state, err := tt.tail.encode()
	tt.try(err)
	tt.tail.closeFiles()
	tt.write("registry.log", 7)
	o := tt.tail.opts
	o.Lines.Depth = 2
	if tt.tail, err = NewTailer(o, &sync.Mutex{}); err != nil {
		t.Fatal(err)
	}
	tt.tail.begin(state, tt.now)
	tt.written = 7
	tt.exact()
}

// A reload hands over what was not saved, with or without a state file.
func TestSuccessor(t *testing.T) {
	tt := newTailTest(t, "registry.log", "old.log")
	tt.write("old.log", 3)
	tt.write("registry.log", 5)
	tt.look()
	state, err := tt.tail.encode()
	tt.try(err)
	tt.tail.closeFiles()
	tt.write("registry.log", 7)
	tt.append("new.log", strings.Repeat(logLine(0), 9)) // was there before its pattern
	o := tt.tail.opts
	o.StateFile, o.Paths = "", []string{tt.path("registry.log"), tt.path("new.log")}
	if tt.tail, err = NewTailer(o, &sync.Mutex{}); err != nil {
		t.Fatal(err)
	}
	tt.tail.begin(state, tt.now)
	tt.write("new.log", 2)
	tt.exact()
}

func TestNothingIsAllocatedPerBlock(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 1000)
	tt.look()
	l := tt.tail.stream(tt.path("registry.log")).newest()
	if n := testing.AllocsPerRun(100, func() {
		l.Offset, l.before, l.unfinished = 0, l.before[:0], 0
		for !l.atEnd() {
			b, err := l.next(tt.tail.buf)
			tt.try(err)
			l.advance(b.lines)
		}
	}); n > 0 {
		t.Errorf("%v allocations in four blocks", n)
	}
}
