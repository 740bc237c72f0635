package main

import (
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
	for _, c := range []struct{ name, messages, want string }{
		{nothing, "", right},
		{nothing, over, right},
		{nothing, ticket, "told people of nothing: pages none, tickets RegistryCacheDown"},
		{"registry-down", page, right},
		{"registry-down", page + again + ticket, right},
		{"registry-down", page + second, "wants one page: pages RegistryDown RegistryPullFails, tickets none"},
		{"registry-down", ticket, "wants one page: pages none, tickets RegistryCacheDown"},
		{"redis-down", ticket, right},
		{"redis-down", ticket + page, "woke people for a ticket: pages RegistryDown, tickets RegistryCacheDown"},
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

func TestJudgedFaultsAreThoseOfTheDemo(t *testing.T) {
	for _, name := range append(slices.Clone(paged), silent...) {
		if name != nothing && !standin.Known(name) {
			t.Errorf("there is no fault %s", name)
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
	if times["everything"] > 0 || times[nothing] == 0 {
		t.Errorf("drawn: %v", times)
	}
	for _, fault := range standin.Table {
		if n := times[fault.Name]; fault.Name != "everything" && (n < 1 || n > 4) {
			t.Errorf("%s is drawn %d times in 100 rounds", fault.Name, n)
		}
	}
}
