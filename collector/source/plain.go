package source

import (
	"strings"
	"unicode"
)

// maxPlain bounds a plain text, in characters.
const maxPlain = 300

// Plain makes one line of a text, for terminals and pages. Line breaks and tabs become spaces, and characters that do
// not print become U+FFFD, such as those of terminal escapes and of right-to-left overrides. Secrets are masked
// before and after: the secret "pass phrase" may come as "pass\nphrase".
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

// ErrorText is the text of err as Plain makes it, without the stack of a panic. Errors joined are parted by "; ".
func (m Mask) ErrorText(err error) string {
	text := err.Error()
	if Reason(err) == ReasonPanic {
		text, _, _ = strings.Cut(text, "\n")
	}
	return m.Plain(strings.ReplaceAll(text, "\n", "; "))
}
