package accesslog

import (
	"fmt"
	"strings"
	"testing"
)

func TestProjectOf(t *testing.T) {
	for _, test := range []struct {
		repository string
		depth      int
		want       string
	}{
		{"a", WholeName, "a"},
		{"a/b/c", WholeName, "a/b/c"},
		{"a", AllButLast, "a"},
		{"a/b", AllButLast, "a"},
		{"a/b/c", AllButLast, "a/b"},
		{"/a", AllButLast, "/a"},
		{"a", 1, "a"},
		{"a/b/c", 1, "a"},
		{"a/b/c", 2, "a/b"},
		{"a/b/c", 3, "a/b/c"},
		{"a/b/c", 9, "a/b/c"},
	} {
		if got := string(projectOf([]byte(test.repository), test.depth)); got != test.want {
			t.Errorf("%s, depth %d: %s, want %s", test.repository, test.depth, got, test.want)
		}
	}
}

func TestValidName(t *testing.T) {
	for _, name := range []string{"a", "a/b", "library/alpine3.20", "a_b", "a__b", "a--b/c.d"} {
		if !validName([]byte(name)) {
			t.Errorf("%q is a name", name)
		}
	}
	for _, name := range []string{"", "/", "a/", "/a", "a//b", "A", "-a", "a-", "a/-b", "a-/b", "a b", `a\x22`, "é", "a\x00", "..", "other", strings.Repeat("a", 201)} {
		if validName([]byte(name)) {
			t.Errorf("%q is no name", name)
		}
	}
}

// pull is a line that says how the pull of an image went.
func pull(repository string, status int) []byte {
	return fmt.Appendf(nil, "%d \"GET /v2/%s/manifests/x HTTP/1.1\"\n", status, repository)
}

const short = `$status "$request"`

func TestInventedNamesAreNoProjects(t *testing.T) {
	c := newCounts(t, Options{Format: short})
	for i := range 1000 {
		for _, status := range []int{301, 308, 400, 401, 403, 404, 429, 499, 500, 503} {
			c.Add(pull(fmt.Sprint("invented", i), status))
		}
		c.Add(pull(fmt.Sprint("not a name", i), 200))
	}
	s := c.Snapshot()
	if got := fmt.Sprint(s.Projects, s.FoldedProjects, s.FoldedOperations); got != "[{[] 0}] [{[] 0}] [{[] 0}]" {
		t.Error("projects, folded names and operations:", got)
	}
	for _, r := range s.Operations {
		if r.Labels[1] != otherName {
			t.Error(r)
		}
	}
}

func TestFailuresOfAProjectThatIsKnown(t *testing.T) {
	c := newCounts(t, Options{Format: short})
	c.Add(pull("a", 404))
	c.Add(pull("a", 200))
	c.Add(pull("a", 404))
	want := `operations{manifest_pull,other,client_error} 1
operations{manifest_pull,a,ok} 1
operations{manifest_pull,a,client_error} 1
`
	if got := page(c.Snapshot()); !strings.Contains(got, want) {
		t.Errorf("%swant\n%s", got, want)
	}
}

// Names that are used once fill half of the places, those that are used now and then a quarter; the busy ones find
// theirs even when they come late.
func TestTheBusiestProjectsHaveNames(t *testing.T) {
	c := newCounts(t, Options{Format: short, MaxProjects: 20})
	for _, kind := range []struct {
		name        string
		names, uses int
	}{{"once", 500, 1}, {"some", 9, 50}, {"busy", 7, 200}} {
		for range kind.uses {
			for i := range kind.names {
				c.Add(pull(fmt.Sprint(kind.name, i), 200))
			}
		}
	}
	found := map[string]int{}
	for _, name := range c.projects.names[1:] {
		found[name[:4]]++
	}
	if found["once"] != 10 || found["some"] != 5 || found["busy"] != 5 {
		t.Errorf("%v, want 10 that were used once, 5 that were used now and then, 5 busy ones", found)
	}
	folded := c.Snapshot().FoldedProjects[0].Value // 490 + 9 + 7, those that found a place later included
	if folded < 485 || folded > 530 {
		t.Errorf("about %v folded, want some 506", folded)
	}
}

// However many names there are, the memory and the series stay as they are, and none of them goes away.
func TestFloodOfNames(t *testing.T) {
	c := newCounts(t, Options{Format: short, MaxProjects: 10})
	for range 200 {
		c.Add(pull("real", 200))
	}
	var rows []Row
	for i := range 100_000 {
		c.Add(pull(fmt.Sprint("flood", i/2), 200))
		if i%25_000 != 0 {
			continue
		}
		now := c.Snapshot().Operations
		for _, before := range rows {
			if !valueOf(now, before.Labels, before.Value) {
				t.Fatalf("after %d lines: %v went back or away", i, before)
			}
		}
		rows = now
	}
	if n := len(c.projects.all) - 1; n != 5 { // no name was used often enough for the other half
		t.Errorf("%d projects, want 5", n)
	}
	if n := c.Snapshot().FoldedProjects[0].Value; n < 48_000 || n > 52_000 {
		t.Errorf("about %v folded, want some 50,000", n)
	}
}

// valueOf tells whether the row is there, with at least this value.
func valueOf(rows []Row, labels []string, least float64) bool {
	for _, r := range rows {
		if fmt.Sprint(r.Labels) == fmt.Sprint(labels) {
			return r.Value >= least
		}
	}
	return false
}

func TestNodesAreFew(t *testing.T) {
	const format = `$status $body_bytes_sent $request_time $upstream_addr "$request"`
	c := newCounts(t, Options{Format: format, Node: "upstream_addr"})
	for i := range 100 {
		c.Add(fmt.Appendf(nil, "200 1 0.001 10.0.0.1:1, 10.0.0.%d:5000 \"GET /v2/a/blobs/%s HTTP/1.1\"\n", i, testDigest))
	}
	s := c.Snapshot()
	if len(s.Layers) != maxNodes+1 || len(s.Upstreams) != maxNodes+1 {
		t.Fatalf("%v\n%v", s.Layers, s.Upstreams)
	}
	if got := fmt.Sprint(s.Layers[0], s.Upstreams[0], s.Layers[1]); got != "{[out a other] 90} {[other] 90} {[out a 10.0.0.0:5000] 1}" {
		t.Error(got)
	}
}
