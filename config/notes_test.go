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
			const where = "hub.yml:6: registries[0].access_log.format: has no $http_user_agent"
			notes := c.Notes()
			if test.noted != (len(notes) == 1) || test.noted && !strings.HasPrefix(notes[0], where) {
				t.Errorf("%q", notes)
			}
		})
	}
}
