package config

import (
	"strings"
	"testing"
)

func TestNotesOnAccessLogs(t *testing.T) {
	for _, test := range []struct {
		name, format string
		noted        bool
	}{
		{"combined has the agent", "combined", false},
		{"harbor has it", "harbor", false},
		{"one of its own with it", `'$status "$request" "$http_user_agent"'`, false},
		{"one of its own without", `'$status "$request"'`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := parse("hub.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n  access_log:\n    paths: [/var/log/nginx/hub.log]\n    format: "+test.format+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			const where = "hub.yml:6:13: registries[0].access_log.format: has no $http_user_agent"
			notes := c.Notes()
			if test.noted != (len(notes) == 1) || test.noted && !strings.HasPrefix(notes[0], where) {
				t.Errorf("%q", notes)
			}
		})
	}
}

func TestNotesOnPasswordsAndPushes(t *testing.T) {
	for _, test := range []struct{ name, lines, note string }{
		{"a password and no realms", "  http: {basic_auth: {username: m, password: p}}", "hub.yml:4:3: registries[0].http: if the registry hands out tokens, the password goes to hub.example.org"},
		{"a password and realms", "  http: {basic_auth: {username: m, password: p}}\n  realms: [auth.example.net]", ""},
		{"a push of an upload", "  push: {repository: a/b}", "hub.yml:4:3: registries[0].push: mode upload sends 64 bytes"},
		{"a push of an image", "  push: {repository: a/b, mode: image}", ""},
		{"a passive site, which refuses any push", "  passive: true\n  push: {repository: a/b}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := parse("hub.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n"+test.lines+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(c.Notes(), "\n"); !strings.HasPrefix(notes, test.note) || test.note == "" && notes != "" {
				t.Errorf("%q", notes)
			}
		})
	}
}
