package accesslog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	killedLines   = 1_000_000
	linesPerWrite = 500
	linesPerFile  = 60_000
)

// TestKilledAgainAndAgain writes a million lines into two logs, rotates one by rename and one by copytruncate, and kills
// the process that reads them every few tenths of a second. Its counters never go back, and are exact in the end.
//
// Between the copy and the truncation nothing is written here: what a web server writes then is in neither file, and
// no reader could count it.
func TestKilledAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	renamed, copied := newRotatedLog(t, dir, "renamed.log"), newRotatedLog(t, dir, "copied.log")
	shown := 0
	r := startReader(t, dir)
	r.shows(t, &shown) // it has begun: from here on all lines count

	written := make(chan error, 1)
	go func() {
		for range killedLines / 2 / linesPerWrite {
			if err := errors.Join(renamed.write(renamed.byRename), copied.write(copied.byCopy)); err != nil {
				written <- err
				return
			}
			time.Sleep(3 * time.Millisecond) // for as many kills as possible
		}
		written <- errors.Join(renamed.Close(), copied.Close())
	}()
	kills := 0
	for done := false; !done; kills++ {
		lives := time.After(rand.N(500 * time.Millisecond))
		for alive := true; alive; {
			select {
			case err := <-written:
				if err != nil {
					t.Fatal(err)
				}
				alive, done = false, true
			case <-lives:
				alive = false
			default:
				r.shows(t, &shown)
			}
		}
		r.kill(t)
		r = startReader(t, dir)
	}
	for before, limit := shown, time.Now().Add(time.Minute); shown < killedLines && time.Now().Before(limit); {
		if r.shows(t, &shown); shown > before {
			before, limit = shown, time.Now().Add(time.Minute) // it goes on, however slowly
		}
	}
	for range 5 {
		r.shows(t, &shown)
	}
	r.kill(t)
	if shown != killedLines {
		t.Errorf("%d lines are counted, %d were written", shown, killedLines)
	}
	t.Logf("killed %d times", kills)
}

// A rotatedLog is a log and the rotator that it has.
type rotatedLog struct {
	*os.File
	path  string
	text  []byte // of one write
	lines int
}

func newRotatedLog(t *testing.T, dir, name string) *rotatedLog {
	t.Helper()
	l := &rotatedLog{path: filepath.Join(dir, name)}
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *rotatedLog) open() (err error) {
	l.File, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	return err
}

func (l *rotatedLog) write(rotate func() error) error {
	l.text = l.text[:0]
	for range linesPerWrite {
		l.text = fmt.Appendf(l.text, "10.0.0.1 - - [21/Nov/2026:22:18:08 +0000] \"GET /v2/a/b/manifests/%d HTTP/1.1\" 200 7 \"-\" \"containerd\"\n", l.lines)
		l.lines++
	}
	if l.lines%linesPerFile == 0 {
		if err := rotate(); err != nil {
			return err
		}
	}
	half := len(l.text) / 3
	_, err := l.Write(l.text[:half])
	if err == nil {
		_, err = l.Write(l.text[half:])
	}
	return err
}

func (l *rotatedLog) shift() error {
	for n := 20; n > 0; n-- {
		if err := os.Rename(fmt.Sprintf("%s.%d", l.path, n), fmt.Sprintf("%s.%d", l.path, n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// byRename opens the new file a moment later, as a web server does on a signal.
func (l *rotatedLog) byRename() error {
	if err := errors.Join(l.shift(), os.Rename(l.path, l.path+".1")); err != nil {
		return err
	}
	_, err := fmt.Fprint(l, string(l.text))
	l.text = nil
	return errors.Join(err, l.Close(), l.open())
}

func (l *rotatedLog) byCopy() error {
	if err := l.shift(); err != nil {
		return err
	}
	from, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(l.path + ".1")
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close(), l.Truncate(0))
}

// A reader is a process that reads the logs of a folder, and writes how many lines it shows.
type reader struct {
	*exec.Cmd
	out *bufio.Scanner
}

const readerFolder = "ACCESSLOG_READER_FOLDER"

func startReader(t *testing.T, dir string) *reader {
	t.Helper()
	r := &reader{Cmd: exec.Command(os.Args[0], "-test.run=^TestReaderProcess$")}
	r.Env = append(os.Environ(), readerFolder+"="+dir)
	r.Stderr = os.Stderr
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewScanner(out)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Process.Kill() })
	return r
}

// shows reads one page, which must not go back behind the one before.
func (r *reader) shows(t *testing.T, shown *int) {
	t.Helper()
	if !r.out.Scan() {
		t.Fatal("the reader says nothing more")
	}
	var parsed, unmatched, lost int
	if _, err := fmt.Sscanf(r.out.Text(), "%d %d %d", &parsed, &unmatched, &lost); err != nil {
		t.Fatalf("%q: %s", r.out.Text(), err)
	}
	if parsed < *shown || unmatched > 0 || lost > 0 || !strings.HasSuffix(r.out.Text(), " <nil>") {
		t.Fatalf("%q after %d", r.out.Text(), *shown)
	}
	*shown = parsed
}

func (r *reader) kill(t *testing.T) {
	t.Helper()
	if err := r.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = r.Wait() // says that it was killed
}

// TestReaderProcess is the process that TestKilledAgainAndAgain kills.
func TestReaderProcess(t *testing.T) {
	dir := os.Getenv(readerFolder)
	if dir == "" {
		t.Skip("is for TestKilledAgainAndAgain")
	}
	tail, err := NewTailer(TailOptions{
		Paths: []string{filepath.Join(dir, "*.log")}, StateFile: filepath.Join(dir, "state", "hub"), Lines: Options{Format: "combined"},
	}, &sync.Mutex{})
	if err != nil {
		t.Fatal(err)
	}
	tail.rest = 30 * time.Millisecond
	tail.Start(nil)
	for {
		r, err := tail.Report(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(lineCount(r, "parsed"), lineCount(r, "unmatched"), r.LostBytes, r.Problem)
		time.Sleep(30 * time.Millisecond)
	}
}
