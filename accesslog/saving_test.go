package accesslog

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"registry_exporter/durable"
)

func TestDamagedState(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.restart(func() { tt.append("state/hub", "x"); tt.write("registry.log", 5) })
	tt.look()
	tt.write("registry.log", 7)
	tt.look()
	if r := tt.scrape(); !errors.Is(r.Problem, ErrLost) || lineCount(r, "parsed") != 7 {
		t.Errorf("%d lines are counted, want 7, problem: %v", lineCount(r, "parsed"), r.Problem)
	}
	tt.written = 7
	tt.kill(idle)
	tt.exact()
}

// Damaged counts are told, and what was counted is not read again.
func TestDamagedCounts(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.restart(func() {
		text, err := durable.Load(tt.path("state/hub"))
		tt.try(err)
		var saved savedState
		tt.try(json.Unmarshal(text, &saved))
		saved.Counts[len(saved.Counts)/2] ^= 1
		text, err = json.Marshal(saved)
		tt.try(err)
		tt.try(durable.Save(tt.path("state/hub"), text))
		tt.write("registry.log", 7)
	})
	tt.look()
	if r := tt.scrape(); !errors.Is(r.Problem, ErrLost) || lineCount(r, "parsed") != 7 {
		t.Errorf("%d lines are counted, want 7, problem: %v", lineCount(r, "parsed"), r.Problem)
	}
}

// Another format makes the old counts meaningless, but what was counted is not read again.
func TestOtherOptionsKeepThePosition(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.reload(func(o *TailOptions) { o.Lines.Depth = 2 }, func() { tt.write("registry.log", 7) })
	tt.written = 7
	tt.exact()
}

// A reload hands over what was not saved, with or without a state file.
func TestSuccessor(t *testing.T) {
	tt := newTailTest(t, "registry.log", "old.log")
	tt.write("old.log", 3)
	tt.write("registry.log", 5)
	tt.reload(func(o *TailOptions) {
		o.StateFile, o.Paths = "", []string{tt.path("registry.log"), tt.path("new.log")}
	}, func() {
		tt.write("registry.log", 7)
		tt.append("new.log", strings.Repeat(logLine(0), 9)) // was there before its pattern
	})
	tt.write("new.log", 2)
	tt.exact()
}
