package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var (
	conflict  = regexp.MustCompile(`(?m)^(?:<{7}|>{7})(?: |\r?$)`)
	yamlLine  = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	fromZero  = regexp.MustCompile(`did not find expected (?:key|'[,-]')`) // these count lines from 0
	anchor    = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
	tabIndent = regexp.MustCompile(`(?m)^ *\t`)
	control   = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`)
	quoted    = regexp.MustCompile("(?s)`.*`|'[^']*'|\"[^\"]*\"")
)

// syntaxError is an error of the YAML library with file, line and column. It corrects the line, which the library may lack or have
// wrong.
func (c *Config) syntaxError(text []byte, err error) error {
	words := err.Error()
	problem := withoutValues(err) + " (a value with a special character needs quotes)"
	var place []byte
	switch {
	case strings.Contains(words, "tab character"):
		problem, place = "indent with spaces, not with tabs", tabIndent.Find(text) // its line is mostly the one before
	case strings.Contains(words, "control characters"):
		problem, place = "holds a control character", control.Find(text)
	case strings.Contains(words, "UTF-8"):
		problem, place = "is not UTF-8", text[max(0, bytes.IndexRune(text, utf8.RuneError)):]
	case anchor.MatchString(words):
		problem = "refers to an anchor that is not there: a value that begins with * needs quotes"
		place = []byte("*" + anchor.FindStringSubmatch(words)[1])
	}
	at := yaml.Node{Line: 1}
	if m := yamlLine.FindStringSubmatch(words); m != nil {
		_, _ = fmt.Sscan(m[1], &at.Line)
		if fromZero.MatchString(words) {
			at.Line++
		}
	}
	if before, _, found := bytes.Cut(text, place); found && place != nil {
		at = placeIn(text, len(before))
	}
	if hint, where := lineHint(text, at.Line, words); hint != "" {
		problem, at = hint, where
	}
	if hint, where := conflictHint(text); hint != "" {
		problem, at = hint, placeIn(text, where)
	}
	return c.at(&at, nil, "not YAML: %s", problem)
}

// placeIn is line and column of an offset in text.
func placeIn(text []byte, offset int) yaml.Node {
	before := text[:offset]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return yaml.Node{Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[begin:])}
}

// withoutValues is the text of an error of the YAML library without the values that it quotes: they may be secrets. A quoted
// single character, such as ':', stays.
func withoutValues(err error) string {
	var typed *yaml.TypeError
	text := err.Error()
	switch {
	case errors.As(err, &typed) && len(typed.Errors) > 0:
		text = typed.Errors[0]
	case !strings.HasPrefix(text, "yaml: "):
		return text
	}
	text = yamlLine.ReplaceAllString(text, "")
	return quoted.ReplaceAllStringFunc(strings.TrimPrefix(text, "yaml: "), func(q string) string {
		if utf8.RuneCountInString(q) == len("','") {
			return q
		}
		return "…"
	})
}

// conflictHint finds the markers that git leaves in a file that it could not merge.
func conflictHint(text []byte) (hint string, place int) {
	if at := conflict.FindIndex(text); at != nil {
		return "holds a conflict that git could not merge: keep one of the two sides, and delete the lines with <<<<<<<, ======= and >>>>>>>", at[0]
	}
	return "", -1
}

// lineHint looks for the cause of an error in a line and in the lines before and after it: the library is off by one at times.
func lineHint(text []byte, line int, words string) (hint string, at yaml.Node) {
	lines := bytes.Split(text, []byte("\n"))
	for _, n := range []int{line, line - 1, line + 1} {
		if n < 1 || n > len(lines) {
			continue
		}
		here := string(lines[n-1])
		if tab := strings.IndexByte(here, '\t'); tab >= 0 && strings.Contains(words, "start any token") {
			return "holds a tab: write spaces in its place", yaml.Node{Line: n, Column: 1 + utf8.RuneCountInString(here[:tab])}
		}
		if hint := blankHint(here); hint != "" {
			_, at := oddBlank(here)
			return hint, yaml.Node{Line: n, Column: 1 + utf8.RuneCountInString(here[:at])}
		}
	}
	return "", yaml.Node{}
}
