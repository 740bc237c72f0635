package config

import (
	"strings"
	"testing"
)

func TestContacts(t *testing.T) {
	c := mustParse(t, hub+"  contacts: {swift: 'storage team, +49 30 1234', network: '#network'}\n")
	if got := c.Registries[0].Contacts; len(got) != 2 || got["swift"] != "storage team, +49 30 1234" {
		t.Errorf("%v", got)
	}
	for lines, want := range map[string]string{
		"{swift: ''}":        "registries[0].contacts.swift: must be one line",
		"{swift: \"a\\nb\"}": "registries[0].contacts.swift: must be one line",
		"{swift: " + strings.Repeat("x", 201) + "}": "registries[0].contacts.swift: must be one line",
		"{swift: [a]}": "registries[0].contacts.swift: must be a text",
		"{a b: c}":     "registries[0].contacts: has a name with more than letters",
		"{a: x, b: x, c: x, d: x, e: x, f: x, g: x, h: x, i: x, j: x, k: x}": "registries[0].contacts: holds more than 10",
		"storage team": "registries[0].contacts: must hold keys and values, of any name",
	} {
		if _, err := parse("x.yml", []byte(hub+"  contacts: "+lines+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", lines, err, want)
		}
	}
}
