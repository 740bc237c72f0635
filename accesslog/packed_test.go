package accesslog

import (
	"fmt"
	"strings"
	"testing"
)

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
