package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"registry_exporter/demo/standin"
)

const (
	page   = "09:41:02 firing to page: critical RegistryDown: hub at eqiad: nobody can pull or push\n         GET /v2/ at the front answers 502.\n"
	again  = "09:43:02 firing to page: critical RegistryDown: hub at eqiad: nobody can pull or push\n"
	second = "09:44:02 firing to page: critical RegistryPullFails: hub at eqiad: nobody can pull\n"
	ticket = "09:42:02 firing to ticket: warning RegistryCacheDown: hub at eqiad: Redis is down\n"
	over   = "09:42:02 resolved to page: critical RegistryDown: hub at eqiad: nobody can pull or push\n"
)

func TestJudge(t *testing.T) {
	const (
		otherPage   = "09:44:02 firing to page: critical RegistryStorageDown: hub at eqiad: Swift cannot be reached\n"
		elsewhere   = "09:41:02 firing to page: critical RegistryDown: msr at eqiad: nobody can pull or push\n"
		msrTicket   = "09:42:02 firing to ticket: warning MSRIssues: msr at eqiad: MSR's database reports 28 issues\n"
		wrongTicket = "09:42:02 firing to ticket: warning RegistryCacheFull: hub: the cache is full\n"
	)
	for _, c := range []struct{ name, messages, want string }{
		{nothing, "", right},
		{nothing, over, right},
		{nothing, ticket, "told people of nothing: pages none, tickets RegistryCacheDown of hub"},
		{"registry-down", page, right},
		{"registry-down", page + again + ticket, right},
		{"registry-down", page + second, "wants the page RegistryDown of hub: pages RegistryDown of hub, RegistryPullFails of hub, tickets none"},
		{"registry-down", otherPage, "wants the page RegistryDown of hub: pages RegistryStorageDown of hub, tickets none"},
		{"registry-down", elsewhere, "wants the page RegistryDown of hub: pages RegistryDown of msr, tickets none"},
		{"registry-down", ticket, "wants the page RegistryDown of hub: pages none, tickets RegistryCacheDown of hub"},
		{"registry-down", page + msrTicket, "told people of more than hub: pages RegistryDown of hub, tickets MSRIssues of msr"},
		{"registry-down", "", "told nobody"},
		{"redis-down", ticket, right},
		{"redis-down", ticket + wrongTicket, right},
		{"redis-down", wrongTicket, "wants the ticket RegistryCacheDown of hub: pages none, tickets RegistryCacheFull of hub"},
		{"redis-down", ticket + page, "woke people for a ticket: pages RegistryDown of hub, tickets RegistryCacheDown of hub"},
		{"redis-down", "", "told nobody"},
	} {
		if got := judge(c.name, c.messages); got != c.want {
			t.Errorf("%s: %q, want %q, for\n%s", c.name, got, c.want, c.messages)
		}
	}
}

func TestNoticesAreTheMessagesAlone(t *testing.T) {
	log := "ts=2026-01-01 level=warn msg=\"a source fails\" reason=refused\n"
	if got := notices(log + page + log + "         at a.go:1\n" + over + log); got != page+over {
		t.Errorf("got %q", got)
	}
}

func TestEveryFaultOfTheDemoSaysWhatPeopleShouldBeTold(t *testing.T) {
	for _, fault := range standin.Table {
		if _, found := wants[fault.Name]; !found && fault.Name != "everything" {
			t.Errorf("nobody knows what to tell of %s", fault.Name)
		}
	}
	for name := range wants {
		if name != nothing && !standin.Known(name) {
			t.Errorf("there is no fault %s", name)
		}
	}
}

// shipped are the severities of the alerts that ship, by name.
func shipped(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../alerts/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?s)- alert: (\w+)\n.*?severity: (\w+)`).FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = m[2]
		}
	}
	return found
}

func TestWantedPagesPageAndWantedTicketsDoNot(t *testing.T) {
	severities := shipped(t)
	for name, w := range wants {
		if w.page != "" && severities[w.page] != "critical" {
			t.Errorf("%s: %s is %q", name, w.page, severities[w.page])
		}
		for _, ticket := range w.tickets {
			if severities[ticket] != "warning" {
				t.Errorf("%s: %s is %q", name, ticket, severities[ticket])
			}
		}
		if !w.isSilent() && (w.page == "") == (len(w.tickets) == 0) {
			t.Errorf("%s wants neither a page nor tickets, or both", name)
		}
	}
}

func TestDraw(t *testing.T) {
	first := draw(7, 100)
	if !slices.Equal(first, draw(7, 100)) || slices.Equal(first, draw(8, 100)) {
		t.Error("the seed does not decide which faults are drawn")
	}
	times := map[string]int{}
	for _, name := range first {
		times[name]++
	}
	if times["everything"]+times["trust-deleted"] > 0 || times[nothing] == 0 {
		t.Errorf("drawn: %v", times)
	}
	for _, fault := range standin.Table {
		if n := times[fault.Name]; !slices.Contains(undrawn, fault.Name) && (n < 1 || n > 4) {
			t.Errorf("%s is drawn %d times in 100 rounds", fault.Name, n)
		}
	}
}
