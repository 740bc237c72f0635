package collector

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// maxPlain bounds a text from outside, in characters.
const maxPlain = 300

// plain makes a text of any origin fit for a terminal and a page: one line, without secrets, control characters,
// terminal escapes and what turns the direction of text.
func (m mask) plain(text string) string {
	text = m.hide(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case !unicode.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(m.hide(text), "\uFFFD")))
	if shown := []rune(text); len(shown) > maxPlain {
		return string(shown[:maxPlain]) + " …"
	}
	return text
}

// errorText is the text of err, less the stack of a panic.
func (m mask) errorText(err error) string {
	text := err.Error()
	if reason(err) == reasonPanic {
		text, _, _ = strings.Cut(text, "\n")
	}
	return m.plain(strings.ReplaceAll(text, "\n", "; "))
}

// size is a number of bytes for people.
func size(bytes float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if bytes < 1024 || unit == "TiB" {
			if unit == "B" || bytes >= 100 {
				return fmt.Sprintf("%.0f %s", bytes, unit)
			}
			return fmt.Sprintf("%.1f %s", bytes, unit)
		}
		bytes /= 1024
	}
	return ""
}

// span is a length of time for people: days, or less when it is short.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// took is a measured time for people.
func took(seconds float64) string {
	if seconds < 0.9995 {
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// maxNamed bounds lists in sentences.
const maxNamed = 5

// some joins the first few of a list.
func some(all []string) string {
	if len(all) > maxNamed {
		return strings.Join(all[:maxNamed], ", ") + fmt.Sprintf(" and %d more", len(all)-maxNamed)
	}
	return strings.Join(all, ", ")
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
