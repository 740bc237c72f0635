package config

import (
	"strings"
	"testing"
)

// TestKeysThatHoldASecret: a blank that is missing, or a comma, makes a key of a password.
func TestKeysThatHoldASecret(t *testing.T) {
	for name, lines := range map[string]string{
		"no blank behind the colon":  `redis: {addr: "127.0.0.1:6379", username: a, password:hunter2}`,
		"a comma in braces":          `redis: {addr: "127.0.0.1:6379", username: a, password: x,hunter2}`,
		"a comma, and a colon later": `redis: {addr: "127.0.0.1:6379", username: a, password: x,hunter2: y}`,
		"deeper":                     `http: {basic_auth: {username: a, password:hunter2}}`,
		"among names that are free":  `http: {oauth2: {client_id: a, token_url: "https://t.example.org", endpoint_params: {a: x,hunter2}}}`,
		"without braces":             "redis:\n    addr: 127.0.0.1:6379\n    hunter2:",
		"a tab behind the colon":     "redis:\n    addr: 127.0.0.1:6379\n    password:\thunter2: x",
		"quotes, and more behind":    `redis: {addr: "127.0.0.1:6379", password: "x"hunter2}`,
		"a quote that does not end":  "redis:\n    addr: 127.0.0.1:6379\n    password: \"hunter2\n    username: a",
		"an anchor":                  `redis: {addr: "127.0.0.1:6379", password: *hunter2}`,
		"an anchor that is not used": `redis: {addr: "127.0.0.1:6379", password: &hunter2 {a: b}}`,
		"a tag":                      `redis: {addr: "127.0.0.1:6379", password: !hunter2}`,
		"several lines":              "redis:\n    addr: 127.0.0.1:6379\n    password: |\n    hunter2",
		"several lines, too far out": "redis:\n    addr: 127.0.0.1:6379\n    password: |\n   x\n  hunter2: |\n   y",
		"a list":                     "redis:\n    addr: 127.0.0.1:6379\n    password:\n    - hunter2",
		"a key of a list":            "redis:\n    addr: 127.0.0.1:6379\n    ? [hunter2]\n    : x",
		"a no-break space":           "redis:\n    addr: 127.0.0.1:6379\n    password:\u00a0hunter2",
		"a URL with a password":      `backends: ["https://a:hunter2@a.example.org,https://b.example.org"]`,
		"an IPv6 address":            `backends: ["https://a:hunter2@2001:db8::1"]`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("hub.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n  "+lines+"\n"))
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "hub.yml:") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestKeysWithATypingErrorAreShown(t *testing.T) {
	for _, lines := range []string{"nmae: x", "sight: codfw", `redis: {adr: "127.0.0.1:6379"}`} {
		_, err := parse("hub.yml", []byte("registries:\n- "+lines+"\n"))
		key := strings.FieldsFunc(strings.TrimPrefix(lines, "redis: {"), func(r rune) bool { return r == ':' })[0]
		if err == nil || !strings.Contains(err.Error(), key+": unknown key: must be one of: ") {
			t.Errorf("%s: %v", lines, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"name", "name", 0}, {"name", "nmae", 2}, {"addr", "adr", 1}, {"url", "urls", 1}, {"password", "password:x", 2}, {"site", "x", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
