package source

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// maxPlain bounds a text from outside, in characters.
const maxPlain = 300

// Plain makes a text of any origin fit for a terminal and a page: one line, without secrets, control characters,
// terminal escapes and what turns the direction of text.
func (m Mask) Plain(text string) string {
	text = m.Hide(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case !unicode.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(m.Hide(text), "\uFFFD")))
	if shown := []rune(text); len(shown) > maxPlain {
		return string(shown[:maxPlain]) + " …"
	}
	return text
}

// ErrorText is the text of err, less the stack of a panic.
func (m Mask) ErrorText(err error) string {
	text := err.Error()
	if Reason(err) == ReasonPanic {
		text, _, _ = strings.Cut(text, "\n")
	}
	return m.Plain(strings.ReplaceAll(text, "\n", "; "))
}

// Size is a number of bytes for people.
func Size(bytes float64) string {
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

// Span is a length of time for people: days, or less when it is short.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// Took is a measured time for people.
func Took(seconds float64) string {
	if seconds < 0.9995 {
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// MaxNamed bounds lists in sentences.
const MaxNamed = 5

// Some joins the first few of a list.
func Some(all []string) string {
	if len(all) > MaxNamed {
		return strings.Join(all[:MaxNamed], ", ") + fmt.Sprintf(" and %d more", len(all)-MaxNamed)
	}
	return strings.Join(all, ", ")
}

func Plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
