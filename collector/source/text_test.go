package source

import (
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
	hidden := append(NewMask("secret-password"), NewMask("pass phrase-of-two")...)
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
		if got := hidden.Plain(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTextOfAnErrorIsOneLine(t *testing.T) {
	if got := (Mask{}).ErrorText(Failed(ReasonPanic, "panic: oh\ngoroutine 1\nmain.go:3")); got != "panic: oh" {
		t.Errorf("a panic: %q", got)
	}
	if got := (Mask{}).ErrorText(Failed(ReasonTooLarge, "one\ntwo")); got != "one; two" {
		t.Errorf("two errors: %q", got)
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"", "\x1b[31m", "\u202e", "secret-pass\x00word", strings.Repeat("\xff", 400)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := NewMask("secret-password").Plain(text)
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
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '[%s]' "+Quote(text)).Output()
		if err != nil || string(got) != "["+text+"]" {
			t.Errorf("%q is quoted as %s, which a shell reads as %s (%v)", text, Quote(text), got, err)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Size(0), "0 B"},
		{Size(1023), "1023 B"},
		{Size(1536), "1.5 KiB"},
		{Size(250 << 20), "250 MiB"},
		{Size(3 << 50), "3072 TiB"},
		{Span(3 * 24 * time.Hour), "3 days"},
		{Span(47 * time.Hour), "47 hours"},
		{Span(3 * time.Minute), "3 minutes"},
		{Span(59 * time.Second), "59 s"},
		{Span(-3 * 24 * time.Hour), "-3 days"},
		{Took(0.0344), "34 ms"},
		{Took(12.34), "12.3 s"},
		{Took(0.9996), "1.0 s"},
		{FirstFew([]string{"a", "b"}), "a, b"},
		{FirstFew([]string{"a", "b", "c", "d", "e", "f", "g"}), "a, b, c, d, e and 2 more"},
		{Plural(1, "check", "checks"), "1 check"},
		{Plural(0, "check", "checks"), "0 checks"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
