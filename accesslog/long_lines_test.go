package accesslog

import (
	"os"
	"strings"
	"testing"
)

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
		check := func(t *testing.T, readTheRest func(tt *tailTest, rest string)) {
			for at := 0; at <= len(c.lines); at += maxLine / 3 {
				tt := newTailTest(t)
				tt.append("registry.log", c.lines[:at])
				tt.look()
				tt.scrape()
				readTheRest(tt, c.lines[at:])
				tt.look()
				r := tt.scrape()
				if all, tooLong := lineCount(r, "parsed")+lineCount(r, "unmatched"), lineCount(r, "too_long"); all != c.parsed || tooLong != c.tooLong {
					t.Errorf("cut at %d: %d lines, %d too long, want %d, %d", at, all, tooLong, c.parsed, c.tooLong)
				}
			}
		}
		t.Run(name, func(t *testing.T) {
			check(t, func(tt *tailTest, rest string) {
				tt.kill(idle)
				tt.look()
				tt.append("registry.log", rest)
			})
		})
		t.Run(name+", compressed", func(t *testing.T) {
			check(t, func(tt *tailTest, rest string) {
				tt.kill(func() {
					tt.append("registry.log", rest)
					tt.compress("registry.log.1")
				})
			})
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
