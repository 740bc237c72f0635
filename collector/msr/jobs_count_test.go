package msr

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
	"registry_exporter/durable"
)

// jobsNow is when these jobs are read; the newest were scheduled then.
var jobsNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// listOf makes jobs from texts such as "3 gc error": the id, which is also how many minutes before jobsNow it was scheduled, the action
// and the status. The newest stands first.
func listOf(t *testing.T, texts ...string) []job {
	t.Helper()
	var jobs []job
	for _, text := range texts {
		var minutes int
		var action, status string
		if _, err := fmt.Sscan(text, &minutes, &action, &status); err != nil {
			t.Fatal(err)
		}
		at := jobsNow.Add(-time.Duration(minutes) * time.Minute)
		jobs = append(jobs, job{fmt.Sprint(minutes), action, status, at, at.Add(time.Second)})
	}
	slices.SortFunc(jobs, func(a, b job) int { return b.scheduled.Compare(a.scheduled) })
	return jobs
}

// counted is what a memory shows of the failures that it has counted, such as "gc error 2". It is empty while it shows none.
func counted(m *jobMemory) string {
	var all []string
	shown := false
	for _, s := range m.samples() {
		if s.Metric == jobFailures {
			shown = true
			if s.Value > 0 {
				all = append(all, fmt.Sprintf("%s %s %.0f", s.Label("action"), s.Label("status"), s.Value))
			}
		}
	}
	if shown && all == nil {
		return "none"
	}
	return strings.Join(all, ", ")
}

func TestAFailedJobCountsOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		lists [][]string
		want  string
	}{
		{"nothing is counted at the first reading", [][]string{{"5 gc error"}}, ""},
		{"no jobs at all", [][]string{{}, {}}, ""},
		{"failed before the first reading", [][]string{{"5 gc error"}, {"5 gc error"}}, "none"},
		{"new since the first reading", [][]string{{"5 gc done"}, {"3 gc error", "5 gc done"}}, "gc error 1"},
		{"the first of all", [][]string{{}, {"3 gc error"}}, "gc error 1"},
		{"seen in several readings", [][]string{{"5 gc done"}, {"3 gc error", "5 gc done"}, {"3 gc error", "5 gc done"}}, "gc error 1"},
		{"running at first", [][]string{{"5 gc running"}, {"5 gc running"}, {"5 gc timeout"}}, "gc timeout 1"},
		{"fails again with another status", [][]string{{"5 gc running"}, {"5 gc worker_dead"}, {"5 gc running"}, {"5 gc error"}}, "gc worker_dead 1"},
		{"two at the same moment", [][]string{{"5 gc done"}, {"3 gc error", "5 gc done"}, {"3 gc error", "4 webhook errored", "5 gc done"}}, "gc error 1, webhook errored 1"},
		{"older than all of the first reading", [][]string{{"5 gc done"}, {"5 gc done", "9 gc error"}}, "none"},
		{"left the list and came back", [][]string{{"5 gc done"}, {"4 gc error", "5 gc done"}, {"3 gc done"}, {"3 gc done", "4 gc error"}}, "gc error 1"},
		{"an empty list in between", [][]string{{"5 gc done"}, {"4 gc error"}, {}, {"4 gc error"}}, "gc error 1"},
		{"cancelled jobs are no failures", [][]string{{"5 gc done"}, {"4 gc canceled", "3 gc deleted", "2 gc cancel_request"}}, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &jobMemory{}
			for _, texts := range c.lists {
				if err := m.note(listOf(t, texts...), nil); err != nil {
					t.Fatal(err)
				}
			}
			if got := counted(m); got != c.want {
				t.Errorf("counted %q, want %q", got, c.want)
			}
		})
	}
}

func TestAJobWithoutAnIDOrATimeIsNotCounted(t *testing.T) {
	m := &jobMemory{}
	for range 3 {
		jobs := []job{{action: "gc", status: "error", scheduled: jobsNow}, {id: "1", action: "gc", status: "error"}}
		if err := m.note(jobs, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := counted(m); got != "none" {
		t.Errorf("counted %q", got)
	}
}

// TestFailuresWithoutEndAreCountedOnce: more jobs fail than are remembered, and all stay in the list.
func TestFailuresWithoutEndAreCountedOnce(t *testing.T) {
	m := &jobMemory{}
	var all []job
	total := 0
	for round := range 5 {
		for i := range maxKnownFailures / 2 {
			total++
			at := jobsNow.Add(time.Duration(total) * time.Second)
			all = append(all, job{fmt.Sprint(round, "-", i), "webhook", "error", at, at})
		}
		slices.SortFunc(all, func(a, b job) int { return b.scheduled.Compare(a.scheduled) })
		if err := m.note(all, nil); err != nil {
			t.Fatal(err)
		}
	}
	if want := fmt.Sprintf("webhook error %d", total-maxKnownFailures/2); counted(m) != want {
		t.Errorf("counted %q, want %q", counted(m), want)
	}
	if n := len(m.kept.Known); n != maxKnownFailures {
		t.Errorf("%d are remembered, want %d", n, maxKnownFailures)
	}
}

func TestCountingGoesOnAfterARestart(t *testing.T) {
	file := jobsFile{filepath.Join(t.TempDir(), "jobs")}
	note := func(texts ...string) *jobMemory {
		m := loadJobs(file)
		if err := m.note(listOf(t, texts...), nil); err != nil {
			t.Fatal(err)
		}
		return m
	}
	note("5 gc done")
	if got := counted(note("4 gc error", "5 gc done")); got != "gc error 1" {
		t.Errorf("failed while the exporter was down: counted %q", got)
	}
	if got := counted(note("4 gc error", "5 gc done")); got != "gc error 1" {
		t.Errorf("another restart: counted %q", got)
	}
	m := loadJobs(file)
	if at, found := valueOf(source.Result{Samples: m.samples()}, jobLastSuccess, "gc"); !found || at != source.Unix(jobsNow.Add(-5*time.Minute+time.Second)) {
		t.Errorf("last success is %v after a restart", at)
	}
}

func TestDamagedFileOfJobs(t *testing.T) {
	for name, text := range map[string]string{
		"damaged":            "sha256:00\n{}",
		"empty":              "",
		"labels of its own":  `{"began":true,"failures":{"my action":{"error":1}}}`,
		"status of its own":  `{"began":true,"failures":{"gc":{"my status":1}}}`,
		"a negative number":  `{"began":true,"failures":{"gc":{"error":-1}}}`,
		"success of another": `{"began":true,"success":{"my action":1}}`,
		"another type":       `{"began":"yes"}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := jobsFile{filepath.Join(t.TempDir(), "jobs")}
			if err := os.WriteFile(file.name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(text, "{") {
				mustSaveText(t, file.name, text)
			}
			m := loadJobs(file)
			if len(m.samples()) > 0 || m.kept.Began {
				t.Errorf("read from it: %+v", m.kept)
			}
			if err := m.note(listOf(t, "5 gc error"), nil); err != nil {
				t.Error(err)
			}
			if again := loadJobs(file); !again.kept.Began {
				t.Error("it was not replaced")
			}
		})
	}
}

// TestNothingIsCountedThatCannotBeSaved: a kill would count it again.
func TestNothingIsCountedThatCannotBeSaved(t *testing.T) {
	m := &jobMemory{}
	for _, list := range [][]string{{"5 gc done"}, {"5 gc done"}} {
		if err := m.note(listOf(t, list...), nil); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.file = jobsFile{filepath.Join(folder, "jobs")}
	wantReason(t, m.note(listOf(t, "4 gc error"), nil), source.ReasonStateNotSaved)
	if got := counted(m); got != "none" {
		t.Errorf("counted %q", got)
	}
	m.file = jobsFile{}
	wantReason(t, m.note(listOf(t, "4 gc error"), nil), "")
	if got := counted(m); got != "gc error 1" {
		t.Errorf("counted %q when it could be saved again", got)
	}
}

func TestHundredThousandJobs(t *testing.T) {
	body := []byte(`{"jobs":[` + repeated(100_000, `{"id":"%d","action":"webhook","status":"error","scheduledAt":"2026-03-01T11:00:00Z"}`) + `]}`)
	jobs, err := parseJobs(body, jobsNow)
	wantReason(t, err, source.ReasonTooLarge)
	if len(jobs) != maxRows {
		t.Errorf("%d jobs are kept, want %d", len(jobs), maxRows)
	}
	m := &jobMemory{}
	for range 2 {
		if err := m.note(jobs, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := counted(m); got != "none" {
		t.Errorf("counted %q", got)
	}
}

// TestSeriesOfJobsAreBounded: whatever words an answer has, the labels are those of closed lists.
func TestSeriesOfJobsAreBounded(t *testing.T) {
	body := []byte(`{"jobs":[` + repeated(maxRows, `{"id":"%[1]d","action":"a%[1]d","status":"s%[1]d","scheduledAt":"2026-03-01T11:00:00Z"}`) + `]}`)
	jobs, err := parseJobs(body, jobsNow)
	wantReason(t, err, "")
	samples := jobSamples(jobs)
	if len(samples) != 2 { // other, and the start of the window
		t.Errorf("%d samples: %v", len(samples), samples)
	}
}

func TestFileOfJobsIsThatOfItsRegistry(t *testing.T) {
	dir := t.TempDir()
	name := func(registry, site, stateDir string) string {
		return jobsFileOf(&ask.Builder{Registry: &config.Registry{Name: registry, Site: site}, Options: ask.Options{StateDir: stateDir}}).name
	}
	one := name("msr", "eqiad", dir)
	if filepath.Dir(one) != dir || one == name("msr", "codfw", dir) || one == name("hub", "eqiad", dir) {
		t.Errorf("file %s", one)
	}
	if got := name("msr", "eqiad", ""); got != "" {
		t.Errorf("file %s without --state.dir", got)
	}
}

func mustSaveText(t *testing.T, file, text string) {
	t.Helper()
	if err := durable.Save(file, []byte(text)); err != nil {
		t.Fatal(err)
	}
}
