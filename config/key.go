package config

import (
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// hiddenKey replaces a key in errors that may be a secret.
const hiddenKey = "…"

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// shownKey is the key for an error, or hiddenKey. A mistake in the file can make a secret a key: in {username: a, password:x}
// password:x is a key, and in {password: x,y} y is one. So a key is shown only when it is the name of a field, here or below,
// but for two letters, or when it has a line of its own and a value.
func shownKey(mapping, key, value *yaml.Node, t reflect.Type) string {
	if !plainKey.MatchString(key.Value) {
		return hiddenKey
	}
	near := false
	fields(t, func(name string, _ reflect.Type) {
		near = near || name != "*" && distance(name, strings.TrimSuffix(key.Value, "_ref")) <= maxTypos // _ref: of a secret manager
	})
	inBraces := mapping.Style&yaml.FlowStyle != 0
	if near || placeOf(t, key.Value) != "" || (!inBraces || hasAnyName(t)) && value.Tag != "!!null" {
		return key.Value
	}
	return hiddenKey
}

func hasAnyName(t reflect.Type) bool {
	anyName := false
	fields(t, func(name string, _ reflect.Type) { anyName = anyName || name == "*" })
	return anyName
}

// maxTypos is the greatest distance at which a key is taken for a field with typing errors.
const maxTypos = 2

// distance is how many letters have to be inserted, deleted or replaced to change a to b. It may be any number above maxTypos when
// the lengths differ by more than that.
func distance(a, b string) int {
	if len(a)-len(b) > maxTypos || len(b)-len(a) > maxTypos {
		return maxTypos + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
