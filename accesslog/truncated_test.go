package accesslog

import (
	"fmt"
	"testing"
)

func TestCopiedAndTruncated(t *testing.T) {
	often := func(before, after int) func(*tailTest) {
		return func(tt *tailTest) {
			tt.write("registry.log", before)
			tt.look()
			for range 4 {
				tt.write("registry.log", 6)
				tt.copyTruncate()
			}
			tt.write("registry.log", after)
		}
	}
	eachLineOnce(t, map[string]func(*tailTest){
		"copied and truncated": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.look()
			tt.write("registry.log", 5)
			tt.copyTruncate()
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
			tt.copyTruncate()
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
					tt.later()
					tt.copy("registry.log", "registry.log.1")
					tt.truncate("registry.log")
				}
				tt.write("registry.log", 500)
			})
		},
		"copied and truncated before anything was read, while it is down": func(tt *tailTest) {
			tt.truncate("registry.log")
			tt.restart(func() {
				tt.write("registry.log", 50)
				tt.copyTruncate()
				tt.write("registry.log", 7)
			})
		},
		"copied before anything was read, truncated after a restart": func(tt *tailTest) {
			tt.truncate("registry.log")
			tt.restart(func() {
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
		"copied and truncated several times between two looks":                         often(5, 3),
		"copied and truncated several times between two looks, and larger than before": often(2, 300),
		"copied and truncated when nothing of it was read": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.copyTruncate()
			tt.look()
			for range 3 {
				tt.write("registry.log", 6)
				tt.copyTruncate()
				tt.write("registry.log", 7)
				tt.look()
				tt.copyTruncate()
				tt.look()
			}
		},
		"copied, truncated and compressed several times, in between looks and while it is down": func(tt *tailTest) {
			for range 5 {
				tt.write("registry.log", 6)
				tt.copyTruncate()
				if tt.written%4 == 0 {
					tt.look()
				}
			}
			tt.scrape()
			tt.kill(func() { tt.write("registry.log", 6); tt.copyTruncate(); tt.write("registry.log", 6); tt.copyTruncate() })
		},
		"copied and not truncated": func(tt *tailTest) {
			tt.copy("registry.log", "registry.log-20261121")
			tt.look()
			tt.write("registry.log", 6)
		},
		"copied before a restart, truncated after it": func(tt *tailTest) {
			tt.write("registry.log", 5)
			tt.restart(func() { tt.copy("registry.log", "registry.log.1") })
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
			tt.restart(func() { tt.write("registry.log", 5) })
		},
	})
}
