package access_test

import (
	"path/filepath"
	"testing"
)

func TestLogGoesOnAfterARestart(t *testing.T) {
	at := startWithState(t, "  access_log: {paths: [LOG]}\n", filepath.Join(t.TempDir(), "state"))
	at.append(at.log, logLine)
	at.counts(1)
	at.StopProbes()
	at.append(at.log, logLine)
	at.start()
	at.counts(2)
}

func TestReload(t *testing.T) {
	const first = "  access_log: {paths: [LOG], projects: {max: 7}}\n"
	at := start(t, first)
	// reloadAndAppend loads the lines of a registry, and then writes a line into the log.
	reloadAndAppend := func(lines string) {
		t.Helper()
		at.configure(lines)
		if err := at.Reload(); err != nil {
			t.Fatal(err)
		}
		at.append(at.log, logLine)
	}
	at.append(at.log, logLine)
	at.counts(1)
	reloadAndAppend(first + "  timeout: 7s\n")
	at.counts(2)
	reloadAndAppend("  access_log: {paths: [LOG, LOG.other], projects: {max: 7}}\n")
	at.counts(3)
	reloadAndAppend("  access_log: {paths: [LOG], projects: {max: 8}}\n") // new counts, from the same position
	at.counts(1)
	reloadAndAppend("")
	if at.lines() != -1 {
		t.Error("a log is read that is no longer in the configuration")
	}
	reloadAndAppend(first) // reads from the end: the position is not known
	at.counts(1)
	at.configure("nonsense")
	if at.Reload() == nil {
		t.Error("nonsense was loaded")
	}
	at.append(at.log, logLine)
	at.counts(2) // the page shows the reader that runs
}
