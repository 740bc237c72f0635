package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// gzipped is text as gzip packs it.
func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
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

func TestUnpackingEnds(t *testing.T) {
	tt := newTailTest(t)
	tt.pack("registry.log")
	f, err := os.Open(tt.path("registry.log.gz"))
	tt.try(err)
	defer f.Close()
	later := time.Now().Add(time.Hour)
	u, err := newUnpacker(f, later)
	tt.try(errors.Join(err, u.skip(1)))
	u.offset = maxUnpacked
	if err := u.skip(1); !errors.Is(err, errTooLarge) {
		t.Errorf("after many bytes: %v, want %v", err, errTooLarge)
	}
	over := time.Now().Add(-time.Second)
	if _, err := whereIn(f, nil, nil, over); !errors.Is(err, errTooLarge) {
		t.Errorf("finding the place, when time is over: %v, want %v", err, errTooLarge)
	}
	if err := tt.tail.countPacked(f, &position{}, over); !errors.Is(err, errTooLarge) {
		t.Errorf("counting, when time is over: %v, want %v", err, errTooLarge)
	}
}
