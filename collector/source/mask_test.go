package source

import (
	"encoding/base64"
	"testing"
)

// A secret of 3 to 5 bytes is masked where it stands alone, and nothing else is spoiled.
func TestShortSecretsAreMasked(t *testing.T) {
	basic := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range []struct{ secret, text, want string }{
		{"test", "password test is wrong, see latest tests", "password <secret> is wrong, see latest tests"},
		{"test", "test", "<secret>"},
		{"test", `{"password":"test"}`, `{"password":"<secret>"}`},
		{"test", "testtest test", "testtest <secret>"},
		{"test", "user:test@host", "user:<secret>@host"},
		{"a+b", "got a+b, not xa+b", "got <secret>, not xa+b"},
		{"test", "Authorization: Basic " + basic("monitor:test") + " refused", "Authorization: Basic <secret> refused"},
		{"test", "Basic " + basic("m:test"), "Basic <secret>"},
		{"test", "Basic " + basic("monitor:other"), "Basic " + basic("monitor:other")},
		{"päs", "päs, xpäs and üpäs", "<secret>, xpäs and üpäs"},
		{"on", "on time", "on time"},
		{"", "nothing", "nothing"},
	} {
		if got := NewMask(c.secret).Hide(c.text); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.secret, c.text, got, c.want)
		}
	}
}
