package config

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxContacts = 10
	maxContact  = 200 // characters
)

// contacts refuses a contact of more than one line, or with characters that a terminal does not print.
func (v *validation) contacts(all map[string]string) {
	if len(all) > maxContacts {
		v.fail("holds more than 10 contacts: name those who are called first", "contacts")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text := all[name]
		switch {
		case !namePattern.MatchString(name):
			v.fail("has a name with more than letters, digits, dot, dash and underscore: name what they look after, such as swift", "contacts")
		case strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > maxContact || strings.ContainsFunc(text, unicode.IsControl):
			v.fail("must be one line of at most 200 characters: who looks after it, and how to reach them", "contacts", name)
		}
	}
}
