package accesslog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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

// A state of version 1 of the layout, which counted statuses by class: the counters begin at 0, and no line is counted
// twice or lost.
func TestOtherVersionKeepsThePosition(t *testing.T) {
	tt := newTailTest(t)
	tt.write("registry.log", 5)
	tt.restart(func() {
		old := tt.version1()
		tt.onlyVersionDiffers(old)
		tt.try(durable.Save(tt.path("state/hub"), old))
		tt.write("registry.log", 7)
	})
	tt.written = 7
	tt.exact()
	r := tt.scrape()
	if got, want := fmt.Sprint(r.Counts.Requests), "[{[blob_pull 200] 7}]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	tt.kill(func() { tt.write("registry.log", 2) })
	tt.exact()
}

// version1 is what version 1 saved once it had counted the first five lines of a log as newTailTest makes it, with the
// folder and the file of this test.
func (tt *tailTest) version1() []byte {
	tt.Helper()
	packed, err := os.Open("testdata/state_version_1.json.gz")
	tt.try(err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	tt.try(err)
	text, err := io.ReadAll(unpacked)
	tt.try(err)
	log, err := stat(tt.path("registry.log"))
	tt.try(err)
	id, err := json.Marshal(log.id)
	tt.try(err)
	return []byte(strings.NewReplacer("DIR", tt.dir, ":ID", ":"+string(id)).Replace(string(text)))
}

// onlyVersionDiffers checks that the options of a state are those of the test, which are looked at, too.
func (tt *tailTest) onlyVersionDiffers(state []byte) {
	tt.Helper()
	var saved savedState
	tt.try(json.Unmarshal(state, &saved))
	print := tt.tail.counts.(*Counts).fingerprint()
	if saved.Counts[0] != 1 || print[0] == 1 || !bytes.Equal(saved.Counts[1:len(print)], print[1:]) {
		tt.Fatalf("the state begins with %x, that of today with %x", saved.Counts[:len(print)], print)
	}
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
