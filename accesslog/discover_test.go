package accesslog

import (
	"os"
	"strings"
	"testing"
	"time"
)

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
				tt.restart(func() {
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
				tt.restart(func() {
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
			tt.kill(idle)
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
