package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const escapeNone = `log_format x escape=none '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent';` + "\n"

func TestNotesOnRisks(t *testing.T) {
	open := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(open, []byte("right-password"), 0o644); err != nil {
		t.Fatal(err)
	}
	const login = "  realms: [auth.example.org]\n  http: {basic_auth: {username: a, password: right-password}}\n"
	for name, c := range map[string]struct{ url, more, want string }{
		"nothing to note":       {"https://hub.example.org", login, ""},
		"no realms":             {"https://hub.example.org", "  http: {basic_auth: {username: a, password: right-password}}\n", "realms"},
		"a password over http":  {"http://hub.example.org", login, "plain HTTP"},
		"on this machine":       {"http://127.0.0.1:5000", login, ""},
		"not verified":          {"https://hub.example.org", "  realms: [a]\n  http: {basic_auth: {username: a, password: b}, tls_config: {insecure_skip_verify: true}}\n", "insecure_skip_verify"},
		"redis elsewhere":       {"https://hub.example.org", "  redis: {addr: '10.0.0.1:6379', password: right-password}\n", "redis"},
		"redis on this machine": {"https://hub.example.org", "  redis: {addr: '127.0.0.1:6379', password: right-password}\n", ""},
		"swift over http":       {"https://hub.example.org", "  swift: {auth_url: 'http://swift.example.org/v1.0', username: a, key: right-password, container: c}\n", "swift"},
		"one replica of MSR":    {"https://hub.example.org", "  msr: {}\n", "replicas"},
		"three replicas of MSR": {"https://hub.example.org", "  msr: {replicas: [https://10.0.0.11, https://10.0.0.12, https://10.0.0.13]}\n", ""},
		"escape=none":           {"https://hub.example.org", "  access_log:\n    paths: [/var/log/x.log]\n    format: |\n      " + escapeNone, "escape=none"},
		"a file that all read":  {"https://hub.example.org", "  redis: {addr: '127.0.0.1:6379', password_file: " + open + "}\n", "everybody on this machine may read"},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := parse("test.yml", []byte("registries:\n- name: hub\n  url: "+c.url+"\n"+c.more))
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(parsed.Notes(), "\n")
			if (notes == "") != (c.want == "") || !strings.Contains(notes, c.want) || strings.Contains(notes, "right-password") {
				t.Errorf("notes: %q, want %q", notes, c.want)
			}
		})
	}
}
