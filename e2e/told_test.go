package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "with -alerts: keep in testdata/told what people are told of each fault, instead of comparing it")

// requireWords compares what people were told of a fault, word by word, with testdata/told/FAULT.txt: summary and description as
// they were delivered. With -update it writes the file.
func (s *Stack) requireWords(t *testing.T, f Fault, delivered map[string]notification) {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(delivered)) {
		n := delivered[name]
		requireLengths(t, name, n)
		fmt.Fprintf(&b, "%s\n  %s\n  %s\n", name, s.steadyText(n.summary), s.steadyText(n.description))
	}
	if b.Len() > 0 {
		s.compareWith(t, filepath.Join("testdata", "told", f.Name+".txt"), b.String())
	}
}

// compareWith compares a text with a file. A fault that is new has no file yet: the test says so, and goes on.
func (s *Stack) compareWith(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		fmt.Printf("    %s is not there: UPDATE=1 writes it\n", file)
	case err != nil:
		t.Error(err)
	case string(want) != got:
		t.Errorf("people were told, and %s has other words:\n%s\nwant\n%s", file, got, want)
	}
}

// requireLengths: a summary fits on the screen of a locked phone, and a description into the message of a pager.
func requireLengths(t *testing.T, name string, n notification) {
	t.Helper()
	const summary, description = 110, 500 // characters
	if is := utf8.RuneCountInString(n.summary); is > summary {
		t.Errorf("the summary of %s has %d characters, at most %d fit: %s", name, is, summary, n.summary)
	}
	if is := utf8.RuneCountInString(n.description); is > description {
		t.Errorf("the description of %s has %d characters, at most %d fit: %s", name, is, description, n.description)
	}
}

// unsteady is what differs from run to run in a text, and what stands for it.
var unsteady = []struct {
	found *regexp.Regexp
	is    string
}{
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "sha256:…"},
	{regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?( UTC|Z)?`), "TIME"},
	{regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`), "$1:PORT"},
	{regexp.MustCompile(`\b\d+(\.\d+)?%`), "N%"},
	{regexp.MustCompile(`\b(\d+d )?(\d+h )?(\d+m )?\d+(\.\d+)?m?s\b`), "DURATION"},
	{regexp.MustCompile(`\b\d+ requests\b`), "N requests"},
}

// steadyText puts names of programs in place of their ports, and words in place of other values that differ from run to run.
func (s *Stack) steadyText(text string) string {
	text = strings.ReplaceAll(text, s.dir, "DIR")
	for name, port := range s.ports {
		text = regexp.MustCompile(fmt.Sprintf(`:%d\b`, port)).ReplaceAllString(text, ":{"+name+"}")
	}
	for _, u := range unsteady {
		text = u.found.ReplaceAllString(text, u.is)
	}
	return text
}

// A nextCommand is the command that check prints for a fault, and what it showed.
type nextCommand struct{ command, shown string }

// nextCommand asks check about the registry of the first alert of a fault, and runs the command that it prints there. It returns
// nil when there is none, or when it needs a person, another host or a program that the stack does not have.
func (s *Stack) nextCommand(t *testing.T, f Fault) *nextCommand {
	t.Helper()
	if !*alerts || len(f.Alerts) == 0 {
		return nil
	}
	about := strings.Fields(f.Alerts[0]) // receiver, alert and registry
	if len(about) != 3 {
		return nil
	}
	for _, command := range s.tries(t, about[1], about[2]) {
		if canRun(command) {
			return &nextCommand{command, shownBy(command)}
		}
	}
	return nil
}

// tries are the commands of the findings of check that have an alert.
func (s *Stack) tries(t *testing.T, alert, registry string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, s.processes["exporter"].argv[0], "--config.file="+filepath.Join(s.dir, "registry_exporter.yml"),
		"--state.dir="+filepath.Join(s.dir, "state"), "check", "--output=json", registry)
	out, err := command.Output() // the exit code is 1, for something is broken
	var report struct {
		Registries []struct {
			Findings []struct{ Alert, Try string }
		}
	}
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		t.Errorf("check %s: %v, %v", registry, err, jsonErr)
	}
	var all []string
	for _, r := range report.Registries {
		for _, f := range r.Findings {
			if f.Alert == alert && f.Try != "" {
				all = append(all, f.Try)
			}
		}
	}
	return all
}

// canRun says whether the tests can run a command: its program is there, and nobody is asked for a password.
func canRun(command string) bool {
	program, _, _ := strings.Cut(command, " ")
	asksForPassword := strings.Contains(command, " -u ") || strings.Contains(command, "--askpass")
	return slices.Contains([]string{"curl", "nc", "openssl", "redis-cli", "skopeo", "ss"}, program) && !asksForPassword
}

// clock matches what differs each time in the output of a command: header lines and lines with the time, and names of requests.
var clock = regexp.MustCompile(`(?mi)^(date|docker-upload-uuid|x-request-id|x-trans-id|x-openstack-request-id|x-timestamp):.*\n|^\w{3} \w{3} +\d+ [\d:]+ .*\d{4}\n|^\w{3} +\d+ \w{3} \d{4} [\d:]+ .*\n`)

// shownBy runs a command for 30 s at most. It returns its exit code and its output without the time.
func shownBy(command string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	run := exec.CommandContext(ctx, "sh", "-c", command)
	run.WaitDelay = time.Second
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	err := run.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err.Error()
	}
	return fmt.Sprintf("exit code %d\n%s", run.ProcessState.ExitCode(), clock.ReplaceAllString(out.String(), ""))
}

// requireShown runs the command again, when the fault is over. A command that shows the same then has shown health, and no fault.
func (n *nextCommand) requireShown(t *testing.T, s *Stack, f Fault) {
	t.Helper()
	if n == nil {
		return
	}
	code, text, _ := strings.Cut(n.shown, "\n")
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	fmt.Printf("    next   %s\n           %s: %s\n", s.steadyText(n.command), code, s.steadyText(first))
	if shownBy(n.command) == n.shown {
		t.Errorf("%s: the next command shows nothing of the fault: %s\n%s", f.Name, n.command, n.shown)
	}
}
