package collector

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-kit/log"

	"registry_exporter/durable"
)

// keptIn is the history that a folder keeps.
func keptIn(t *testing.T, folder string) keptHistory {
	t.Helper()
	text, err := durable.Load(filepath.Join(folder, historyFile))
	if err != nil {
		t.Fatal(err)
	}
	var kept keptHistory
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	return kept
}

// Whoever has a backup of --state.dir and the rest of the configuration cannot find out which of a million passwords is the right one.
func TestTheHistoryKeepsTooLittleToFindAPassword(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	h := newHistory(Options{StateDir: folder, Logger: log.NewNopLogger()})
	past := h.of(func() []string { return []string{"a configuration", "a password"} }, "hub")
	past.Note(now)
	h.stop()
	for _, s := range keptIn(t, folder).Sources {
		if len(s.With) != 4 {
			t.Errorf("%d digits of the hash are kept", len(s.With))
		}
	}
	again := newHistory(Options{StateDir: folder, Logger: log.NewNopLogger()})
	for text, want := range map[string]bool{"a password": true, "another": false} {
		if got := again.of(func() []string { return []string{"a configuration", text} }, "hub").Worked(now); got != want {
			t.Errorf("%s: worked before: %t", text, got)
		}
	}
}

func TestAHistoryOfWholeHashesIsReadAndShortened(t *testing.T) {
	folder, now := t.TempDir(), time.Now()
	configuration := func() []string { return []string{"a configuration", "a password"} }
	h := newHistory(Options{StateDir: folder, Logger: log.NewNopLogger()})
	h.kept.Sources[h.hash([]string{"hub"})] = success{h.hash(configuration()), now.Unix()} // as exporters before kept it
	h.kept.Sources["damaged"] = success{"", now.Unix()}
	h.stop()
	again := newHistory(Options{StateDir: folder, Logger: log.NewNopLogger()})
	if !again.of(configuration, "hub").Worked(now) {
		t.Error("what worked before is forgotten")
	}
	again.stop()
	for _, s := range keptIn(t, folder).Sources {
		if len(s.With) > 4 {
			t.Errorf("%d digits of the hash are still kept", len(s.With))
		}
	}
}
