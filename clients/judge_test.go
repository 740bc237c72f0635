package clients

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"go.uber.org/goleak"
)

var printTable = flag.Bool("table", false, "print what clients and the probes made of each behaviour")

// TestMain makes the system trust authorities.public.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // most of the time is spent waiting
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "judge-system-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "roots.pem"), authorities.public.pem, 0o644),
			os.Setenv("SSL_CERT_FILE", filepath.Join(dir, "roots.pem")), os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// The clients and the probes by their names.
var (
	pullers = map[string]func(context.Context, *site) result{
		containerd: func(ctx context.Context, s *site) result { return containerdPull(ctx, s, tag) },
		crane:      func(ctx context.Context, s *site) result { return cranePull(ctx, s, tag) },
		podman:     func(ctx context.Context, s *site) result { return skopeoPull(ctx, s, tag) },
	}
	pushers = map[string]func(context.Context, *site) result{containerd: containerdPush, crane: cranePush, podman: skopeoPush}
	probes  = map[string]func(context.Context, *site) result{
		pullProbe: oursPull, uploadProbe: oursPush("upload"), imageProbe: oursPush("image"),
	}
)

func TestProbesSayWhatClientsFind(t *testing.T) {
	var mu sync.Mutex
	trials := map[string]*trial{}
	t.Run("behaviour", func(t *testing.T) {
		for _, b := range behaviours() {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				tried := try(t, b)
				mu.Lock()
				defer mu.Unlock()
				trials[b.name] = tried
			})
		}
	})
	var found, open []string
	listed := disagreements(t)
	for _, b := range behaviours() {
		tried := trials[b.name]
		if tried != nil && !tried.isAsListed(listed) { // again, alone: the machine may have been too busy
			tried = try(t, b)
			trials[b.name] = tried
		}
		if tried == nil { // not run
			for _, probe := range []string{pullProbe, uploadProbe, imageProbe} {
				open = append(open, b.name+" | "+probe)
			}
			continue
		}
		lines, unjudged, err := tried.judge()
		if err != nil {
			t.Errorf("%s: %s", b.name, err)
			continue
		}
		for _, line := range lines {
			found = append(found, line.String())
		}
		open = append(open, unjudged...)
	}
	compare(t, found, open)
	if *printTable {
		table(t, trials)
	}
}

func TestRowsSayWhereTheyComeFrom(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range behaviours() {
		if seen[b.name] {
			t.Errorf("%s stands twice", b.name)
		}
		seen[b.name] = true
		if b.source == "" {
			t.Errorf("%s has no source", b.name)
		}
		for _, r := range []ruling{b.pull, b.push} {
			if (r.follow != "" || r.right != "") != (r.why != "") {
				t.Errorf("%s: whom to follow, or what is right, and why go together", b.name)
			}
		}
	}
}

// try lets all clients and probes pull and push, each with a registry of its own.
func try(t *testing.T, b *behaviour) *trial {
	tried := &trial{b, map[string]result{}, map[string]result{}, map[string]result{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, side := range []struct {
		name string // empty: that of the probe
		do   map[string]func(context.Context, *site) result
		into map[string]result
	}{{"pull", pullers, tried.pulls}, {"push", pushers, tried.pushes}, {"", probes, tried.ours}} {
		for name, do := range side.do {
			dir, concerned := folder(t), strings.HasPrefix(side.name+name, b.sides)
			group.Go(func() {
				r := result{skipped: "it meets nothing of it"}
				if concerned {
					r = once(t, b, dir, do)
				}
				mu.Lock()
				defer mu.Unlock()
				side.into[name] = r
			})
		}
	}
	group.Wait()
	return tried
}

func once(t *testing.T, b *behaviour, dir string, do func(context.Context, *site) result) result {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	s, err := newSite(b, dir, func(s *site) result { return do(ctx, s) })
	if err != nil {
		t.Error(err)
		return result{step: "none", err: err}
	}
	defer s.close()
	r := do(ctx, s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.stray) > 0 {
		t.Errorf("an answer names %s, which is not on loopback", s.stray)
	}
	return r
}

// folder makes a folder that other users may read: skopeo runs as nobody.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "judge-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// compare compares the disagreements with the list.
func compare(t *testing.T, found, open []string) {
	t.Helper()
	key := func(line string) string { return strings.Join(strings.SplitN(line, " | ", 3)[:2], " | ") }
	now := map[string]string{}
	for _, line := range found {
		now[key(line)] = line
	}
	listed := map[string]bool{}
	for _, line := range disagreements(t) {
		listed[key(line)] = true
		switch got := now[key(line)]; {
		case slices.Contains(open, key(line)), got == line:
		case got == "":
			t.Errorf("agrees now: delete its line: %s", line)
		default:
			t.Errorf("disagrees otherwise now: change its line\nfrom %s\nto   %s", line, got)
		}
	}
	for _, line := range found {
		if !listed[key(line)] {
			t.Errorf("a new disagreement: %s", line)
		}
	}
}

// disagreements returns the lines of the list.
func disagreements(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/disagreements.txt")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// isAsListed says whether a trial has exactly the disagreements that the list has for its behaviour.
func (tried *trial) isAsListed(listed []string) bool {
	lines, unjudged, err := tried.judge()
	if err != nil {
		return false
	}
	for _, line := range lines {
		if !slices.Contains(listed, line.String()) {
			return false
		}
	}
	of := 0
	for _, line := range listed {
		if strings.HasPrefix(line, tried.behaviour.name+" | ") {
			of++
		}
	}
	return of == len(lines) || len(unjudged) > 0
}

// table prints a row for each behaviour.
func table(t *testing.T, trials map[string]*trial) {
	t.Helper()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	row("BEHAVIOUR", "PULL containerd", "crane", "podman", "ours", "PUSH containerd", "crane", "podman", "ours upload", "ours image")
	for _, b := range behaviours() {
		one := trials[b.name]
		if one == nil {
			continue
		}
		cells := []string{b.name}
		for _, side := range []map[string]result{one.pulls, one.pushes} {
			for _, client := range []string{containerd, crane, podman} {
				cells = append(cells, side[client].verdict())
			}
			if len(cells) == 4 {
				cells = append(cells, said(one.ours[pullProbe]))
			}
		}
		row(append(cells, said(one.ours[uploadProbe]), said(one.ours[imageProbe]))...)
	}
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
}
