package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	variable = regexp.MustCompile(`\$\{\w+[^}]*\}`)
	bareIPv6 = regexp.MustCompile(`^(?:https?://)?[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*(?:/|$)`)
	someURLs = regexp.MustCompile(`(?s)://.*://|^https?://[^/]*[,;]`)
)

// oddBlank finds the first invisible character of text that YAML takes for a letter, such as a no-break space: its name and its
// index.
func oddBlank(text string) (name string, at int) {
	for i, r := range text {
		switch r {
		case '\u00a0':
			return "a no-break space (U+00A0)", i
		case '\u2007', '\u202f', '\u3000', '\u200b', '\u2028', '\ufeff', '\u00ad':
			return fmt.Sprintf("a character that cannot be seen (U+%04X)", r), i
		}
	}
	return "", -1
}

// blankHint is what to do about an odd blank in text; "" where there is none.
func blankHint(text string) string {
	if name, at := oddBlank(text); at >= 0 {
		return "holds " + name + ", mostly pasted from a page: write a plain blank or nothing in its place"
	}
	return ""
}

// placeOf is the path of the nearest mapping below t that has the key: http for a basic_auth that stands beside url. When several
// mappings have it, it is the one under http; "" when none is.
func placeOf(t reflect.Type, key string) string {
	type level struct {
		path string
		t    reflect.Type
	}
	for at := []level{{"", t}}; len(at) > 0; {
		var found []string
		var below []level
		for _, l := range at {
			fields(l.t, func(name string, ft reflect.Type) {
				if ft.Kind() == reflect.Pointer {
					ft = ft.Elem()
				}
				if ft.Kind() != reflect.Struct || isLeaf(ft) || name == "*" {
					return
				}
				path := strings.TrimPrefix(l.path+"."+name, ".")
				if _, known := fieldType(ft, key); known && !hasAnyName(ft) {
					found = append(found, path)
				}
				below = append(below, level{path, ft})
			})
		}
		for _, path := range found {
			if len(found) == 1 || path == "http" || strings.HasPrefix(path, "http.") {
				return path
			}
		}
		if len(found) > 0 {
			return ""
		}
		at = below
	}
	return ""
}

// valueHint says for people why a value that is no secret is wrong, such as a variable that nobody has expanded; "" when it looks
// right. It does not quote the value.
func valueHint(n *yaml.Node, key any) string {
	if key != "format" && key != "node" && variable.MatchString(n.Value) { // nginx has variables of its own there
		return "names a variable, and variables are not expanded: write its value"
	}
	return ""
}

// urlHint is what is wrong with the text of a URL.
func urlHint(text string) string {
	switch {
	case blankHint(text) != "":
		return blankHint(text)
	case someURLs.MatchString(text):
		return "holds more than one URL: write one, and where a list is wanted an entry for each, such as [https://a.example.org, https://b.example.org]"
	case bareIPv6.MatchString(text):
		return "holds an IPv6 address without brackets: write it as https://[2001:db8::1]:5000"
	}
	return ""
}
