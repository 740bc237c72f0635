package config

import "testing"

func TestFingerprintChangesWithTheTextOfARegistryAlone(t *testing.T) {
	of := func(text string) string {
		c, err := parse("test.yml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c.Fingerprint(0)
	}
	const hub = "registries:\n- name: hub\n  url: https://hub\n  http: {basic_auth: {username: a, password: one}}\n"
	for name, c := range map[string]struct {
		text string
		same bool
	}{
		"the same":            {hub, true},
		"a comment":           {"# more\n" + hub, true},
		"another registry":    {hub + "- {name: other, url: https://other}\n", true},
		"another secret":      {"registries:\n- name: hub\n  url: https://hub\n  http: {basic_auth: {username: a, password: two}}\n", false},
		"another key":         {hub + "  timeout: 5s\n", false},
		"an alias for a part": {"registries:\n- name: hub\n  url: https://hub\n  http: &h {basic_auth: {username: a, password: one}}\n- {name: b, url: https://b, http: *h}\n", true},
	} {
		if got := of(c.text) == of(hub); got != c.same {
			t.Errorf("%s: the same %t, want %t", name, got, c.same)
		}
	}
}
