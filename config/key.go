package config

import (
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// hiddenKey stands for a key that may hold a secret.
const hiddenKey = "…"

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// shownKey is the key as errors may show it. A mistake in the file makes a key of a secret: in {username: a, password:x} the key is
// password:x, and in {password: x,y} it is y. So a key is shown when it is that of a field, here or below, or nearly, or when it stands on a line of
// its own and has a value.
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

// maxTypos is how far a key with typing errors is from the right one.
const maxTypos = 2

// distance is how many letters have to be put in, taken out or changed to make b of a; more than maxTypos when the lengths say so.
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
