package accesslog

import "testing"

func TestLogThatGrows(t *testing.T) {
	eachLineOnce(t, map[string]func(*tailTest){
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
			tt.restart(idle)
			tt.append("registry.log", logLine(7)[40:])
			tt.written++
		},
		"killed with nothing new":    func(tt *tailTest) { tt.write("registry.log", 10); tt.restart(idle) },
		"killed before it was saved": func(tt *tailTest) { tt.scrape(); tt.write("registry.log", 10); tt.look(); tt.kill(idle) },
		"killed before the first page": func(tt *tailTest) {
			tt.write("registry.log", 10)
			tt.look()
			tt.kill(func() { tt.write("registry.log", 10) })
		},
	})
}
