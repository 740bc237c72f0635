package accesslog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// An unreadable log is told on the page, and the readable ones are read on.
func TestProblems(t *testing.T) {
	becomesALog := func(tt *tailTest) { tt.remove("other.log"); tt.write("other.log", 3) }
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
		}, becomesALog, ErrUnreadable},
		"a device": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(os.Symlink("/dev/null", tt.path("other.log")))
		}, becomesALog, ErrUnreadable},
		"a named pipe that nobody writes to": {[]string{"*.log"}, func(tt *tailTest) {
			tt.try(syscall.Mkfifo(tt.path("other.log"), 0o600))
		}, becomesALog, ErrUnreadable},
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
	rotate := func(tt *tailTest) {
		tt.write("registry.log", 5)
		tt.rename("registry.log", "registry.log.1")
		tt.write("registry.log", 6)
	}
	for name, c := range map[string]struct {
		before   func(*tailTest) // the restart
		file     string          // cannot be read after it
		readable int             // lines that are counted all the same
	}{
		"at the first start": {func(tt *tailTest) {
			tt.remove("state/hub")
			tt.written = 0
		}, "registry.log", 0},
		"after a restart":                        {func(tt *tailTest) { tt.write("registry.log", 5) }, "registry.log", 10},
		"rotated while it was down":              {rotate, "registry.log.1", 16},
		"rotated while it was down, the new one": {rotate, "registry.log", 15},
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
				tt.start(tt.tail.opts, nil)
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
