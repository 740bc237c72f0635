package accesslog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tailTest is a folder with logs, and a Tailer that is told what time it is.
type tailTest struct {
	*testing.T
	dir     string
	tail    *Tailer
	now     time.Time
	line    func(n int) string // the line of a number
	written int                // lines, over all logs
}

// newTailTest starts a Tailer on the patterns in a new folder, where a log registry.log holds lines already.
func newTailTest(t *testing.T, patterns ...string) *tailTest {
	t.Helper()
	return newTailTestOf(t, logLine, TailOptions{Lines: Options{Format: "combined"}}, patterns...)
}

// newTailTestOf is newTailTest with lines of another kind.
func newTailTestOf(t *testing.T, line func(int) string, o TailOptions, patterns ...string) *tailTest {
	t.Helper()
	if patterns == nil {
		patterns = []string{"registry.log"}
	}
	tt := &tailTest{T: t, dir: t.TempDir(), now: time.Now(), line: line}
	tt.write("registry.log", 100)
	tt.written = 0
	o.StateFile = tt.path("state/hub")
	for _, p := range patterns {
		o.Paths = append(o.Paths, tt.path(p))
	}
	tt.start(o, nil)
	t.Cleanup(func() { tt.tail.closeFiles() })
	return tt
}

func (tt *tailTest) start(o TailOptions, predecessor []byte) {
	tt.Helper()
	var err error
	tt.tail, err = NewTailer(o, &sync.Mutex{})
	tt.try(err)
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
		b.WriteString(tt.line(tt.written))
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
	packed := tt.path(name + ".gz")
	tt.try(errors.Join(os.WriteFile(packed, gzipped(tt, string(text)), 0o600), os.Chtimes(packed, at.modified, at.modified)))
	tt.remove(name)
}

// compress rotates as logrotate does with compress.
func (tt *tailTest) compress(to string) {
	tt.Helper()
	tt.rename("registry.log", to)
	tt.pack(to)
}

// damage writes over some bytes of a file, those of its end where at is below 0.
func (tt *tailTest) damage(name string, at int64) {
	tt.Helper()
	was, err := stat(tt.path(name))
	tt.try(err)
	f, err := os.OpenFile(tt.path(name), os.O_WRONLY, 0)
	tt.try(err)
	if at < 0 {
		at += was.size
	}
	_, err = f.WriteAt([]byte("??"), at)
	tt.try(errors.Join(err, f.Close(), os.Chtimes(tt.path(name), was.modified, was.modified)))
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
	tt.tail.closeFiles()
	meanwhile()
	tt.now = tt.now.Add(time.Hour)
	tt.start(tt.tail.opts, nil)
}

// restart is a kill once all was counted and saved.
func (tt *tailTest) restart(meanwhile func()) {
	tt.Helper()
	tt.look()
	tt.scrape()
	tt.kill(meanwhile)
}

// idle is when nothing happens.
func idle() {}

// reload starts a successor with other options, while something happens.
func (tt *tailTest) reload(change func(*TailOptions), meanwhile func()) {
	tt.Helper()
	tt.look()
	state, err := tt.tail.encode()
	tt.try(err)
	tt.tail.closeFiles()
	meanwhile()
	o := tt.tail.opts
	change(&o)
	tt.start(o, state)
}

func lineCount(r Report, outcome string) int {
	for _, row := range slices.Concat(r.Counts.Lines, r.Registry.Lines) {
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
func (tt *tailTest) copyTruncate() {
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
	tt.later()
	tt.copy("registry.log", "registry.log.1")
	tt.truncate("registry.log")
}

// later waits for the clock of the file system, which may tick a hundred times a second: the order of copies is that of their times.
func (tt *tailTest) later() {
	tt.Helper()
	written := func() time.Time {
		tt.try(os.WriteFile(tt.path("clock"), []byte("tick"), 0o600))
		at, err := stat(tt.path("clock"))
		tt.try(err)
		return at.modified
	}
	for before := written(); !written().After(before); {
		time.Sleep(time.Millisecond)
	}
}

// eachLineOnce takes what may happen to logs, by name. Whatever it is, each line is counted once.
func eachLineOnce(t *testing.T, cases map[string]func(*tailTest)) {
	for name, happens := range cases {
		t.Run(name, func(t *testing.T) {
			tt := newTailTest(t)
			happens(tt)
			tt.exact()
			tt.kill(idle)
			tt.exact()
			tt.after(2 * lingerDeleted)
			tt.exact()
		})
	}
}
