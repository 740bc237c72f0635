package source

import "testing"

func TestLabelsHoldNothingThatATerminalObeys(t *testing.T) {
	for in, want := range map[string]string{
		"layer store":       "layer store",
		"größe":             "größe",
		"a\x1b]0;title\x07": "a\uFFFD]0;title\uFFFD",
		"a\x1b[2J":          "a\uFFFD[2J",
		"a\r\nb":            "a\uFFFD\uFFFDb",
		"\u202efdp.exe":     "\uFFFDfdp.exe",
		"a\u2066b\u2069":    "a\uFFFDb\uFFFD",
		"zero\u200bwidth":   "zero\uFFFDwidth",
		"\x9b31m of 8 bits": "\uFFFD31m of 8 bits",
	} {
		if got := CleanLabel(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
