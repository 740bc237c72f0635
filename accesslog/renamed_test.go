package accesslog

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRotatedByRename(t *testing.T) {
	rotate := func(tt *tailTest) {
		tt.rename("registry.log.1", "registry.log.2")
		tt.rename("registry.log", "registry.log.1")
	}
	renamedTo := func(name string) func(*tailTest) {
		return func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.rename("registry.log", name)
			tt.write("registry.log", 6)
		}
	}
	eachLineOnce(t, map[string]func(*tailTest){
		"rotated by rename":              renamedTo("registry.log.1"),
		"rotated by rename, with a date": renamedTo("registry.log-20261121"),
		"rotated by rename, before .log": renamedTo("registry-20261121.log"),
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
			tt.restart(func() {
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
		"rotated twice between two looks, and the new log is not there yet": func(tt *tailTest) {
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.3")
			tt.write("registry.log", 6)
			tt.compress("registry.log.2")
			tt.write("registry.log", 6)
			tt.rename("registry.log", "registry.log.1")
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
	})
}
