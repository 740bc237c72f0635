package collector

import (
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
	hidden := append(newMask("secret-password"), newMask("pass phrase-of-two")...)
	for _, c := range []struct{ name, text, want string }{
		{"words", "status 503 UNAVAILABLE", "status 503 UNAVAILABLE"},
		{"other scripts", "Zürich 东京", "Zürich 东京"},
		{"a terminal escape", "\x1b[2J\x1b]0;title\x07gone", "\uFFFD[2J\uFFFD]0;title\uFFFDgone"},
		{"an escape of one character", "\u009b31mred", "\uFFFD31mred"},
		{"lines", "one\r\ntwo\tthree", "one  two three"},
		{"what turns the direction", "abc\u202etxt.exe", "abc\uFFFDtxt.exe"},
		{"no UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"a secret", "password secret-password!", "password <secret>!"},
		{"a secret with a line break for a space", "pass\nphrase-of-two", "<secret>"},
		{"too long", strings.Repeat("é", 1000), strings.Repeat("é", maxPlain) + " …"},
	} {
		if got := hidden.plain(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTextOfAnErrorIsOneLine(t *testing.T) {
	if got := (mask{}).errorText(failed(reasonPanic, "panic: oh\ngoroutine 1\nmain.go:3")); got != "panic: oh" {
		t.Errorf("a panic: %q", got)
	}
	if got := (mask{}).errorText(failed(reasonTooLarge, "one\ntwo")); got != "one; two" {
		t.Errorf("two errors: %q", got)
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"", "\x1b[31m", "\u202e", "secret-pass\x00word", strings.Repeat("\xff", 400)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := newMask("secret-password").plain(text)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxPlain+2 || strings.Contains(got, "secret-password") {
			t.Errorf("%q", got)
		}
		for _, r := range got {
			if r != utf8.RuneError && !unicode.IsPrint(r) {
				t.Errorf("%q holds %q", got, r)
			}
		}
	})
}

// TestQuotedTextIsOneWord asks a shell.
func TestQuotedTextIsOneWord(t *testing.T) {
	for _, text := range []string{"plain", "", "a b", "it's", "$(id)", "`id`", "a;b|c&d", `\`, "*", "~", "#no", "!x", `"`, "--", "{a,b}"} {
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '[%s]' "+quote(text)).Output()
		if err != nil || string(got) != "["+text+"]" {
			t.Errorf("%q is quoted as %s, which a shell reads as %s (%v)", text, quote(text), got, err)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{size(0), "0 B"},
		{size(1023), "1023 B"},
		{size(1536), "1.5 KiB"},
		{size(250 << 20), "250 MiB"},
		{size(3 << 50), "3072 TiB"},
		{span(3 * 24 * time.Hour), "3 days"},
		{span(47 * time.Hour), "47 hours"},
		{span(3 * time.Minute), "3 minutes"},
		{span(59 * time.Second), "59 s"},
		{span(-3 * 24 * time.Hour), "-3 days"},
		{took(0.0344), "34 ms"},
		{took(12.34), "12.3 s"},
		{took(0.9996), "1.0 s"},
		{some([]string{"a", "b"}), "a, b"},
		{some([]string{"a", "b", "c", "d", "e", "f", "g"}), "a, b, c, d, e and 2 more"},
		{plural(1, "check", "checks"), "1 check"},
		{plural(0, "check", "checks"), "0 checks"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
