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
	loose := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(loose, []byte("right-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o602); err != nil {
		t.Fatal(err)
	}
	const login = "  realms: [auth.example.org]\n  http: {basic_auth: {username: a, password: right-password}}\n"
	for name, c := range map[string]struct{ url, more, want string }{
		"nothing to note":             {"https://hub.example.org", login, ""},
		"no realms":                   {"https://hub.example.org", "  http: {basic_auth: {username: a, password: right-password}}\n", "realms"},
		"a password over http":        {"http://hub.example.org", login, "plain HTTP"},
		"on this machine":             {"http://127.0.0.1:5000", login, ""},
		"not verified":                {"https://hub.example.org", "  realms: [a]\n  http: {basic_auth: {username: a, password: b}, tls_config: {insecure_skip_verify: true}}\n", "insecure_skip_verify"},
		"redis elsewhere":             {"https://hub.example.org", "  redis: {addr: '10.0.0.1:6379', password: right-password}\n", "redis"},
		"redis on this machine":       {"https://hub.example.org", "  redis: {addr: '127.0.0.1:6379', password: right-password}\n", ""},
		"swift over http":             {"https://hub.example.org", "  swift: {auth_url: 'http://swift.example.org/v1.0', username: a, key: right-password, container: c}\n", "swift"},
		"one replica of MSR":          {"https://hub.example.org", "  msr: {}\n", "replicas"},
		"three replicas of MSR":       {"https://hub.example.org", "  msr: {replicas: [https://10.0.0.11, https://10.0.0.12, https://10.0.0.13]}\n", ""},
		"a backend over http":         {"https://hub.example.org", "  backends: ['http://10.0.0.1:5000']\n" + login, "10.0.0.1:5000 over plain HTTP"},
		"a replica over http":         {"https://hub.example.org", "  msr: {replicas: ['http://10.0.0.11'], http: {basic_auth: {username: a, password: right-password}}}\n", "10.0.0.11:80 over plain HTTP"},
		"a debug server over http":    {"https://hub.example.org", "  debug: {urls: ['http://10.0.0.1:5001'], http: {basic_auth: {username: a, password: right-password}}}\n", "10.0.0.1:5001 over plain HTTP"},
		"a debug server without any":  {"https://hub.example.org", "  debug: {urls: ['http://10.0.0.1:5001']}\n", ""},
		"a secret header over http":   {"http://hub.example.org", "  http: {http_headers: {X-Key: {secrets: [right-password]}}}\n", "plain HTTP"},
		"a header that is no secret":  {"http://hub.example.org", "  http: {http_headers: {X-Key: {values: [a]}}}\n", ""},
		"credentials over http":       {"http://hub.example.org", "  http: {authorization: {credentials: right-password}}\n", "plain HTTP"},
		"a client secret over http":   {"https://hub.example.org", "  http: {oauth2: {client_id: a, client_secret: right-password, token_url: 'http://login.example.org/t'}}\n", "login.example.org over plain HTTP"},
		"a pull's password over http": {"http://hub.example.org", "  realms: [a]\n  pull: {images: [library/base:1.0], http: {basic_auth: {username: a, password: right-password}}}\n", "plain HTTP"},
		"this machine by IPv6":        {"http://[::1]:5000", login, ""},
		"swift's token over http":     {"https://hub.example.org", "  swift: {auth_url: 'https://swift.example.org/v1.0', storage_url: 'http://swift.example.org/v1/a', username: a, key: right-password, container: c}\n", "token of swift"},
		"swift not verified":          {"https://hub.example.org", "  swift: {auth_url: 'https://swift.example.org/v1.0', username: a, key: right-password, container: c, tls_config: {insecure_skip_verify: true}}\n", "in place of swift"},
		"redis not verified":          {"https://hub.example.org", "  redis: {addr: '10.0.0.1:6379', password: right-password, tls_config: {insecure_skip_verify: true}}\n", "in place of redis"},
		"not verified, no password":   {"https://hub.example.org", "  http: {tls_config: {insecure_skip_verify: true}}\n", ""},
		"an own key that all read":    {"https://hub.example.org", "  http: {tls_config: {cert_file: " + open + ", key_file: " + open + "}}\n", "everybody on this machine may read"},
		"a header's file":             {"https://hub.example.org", "  http: {http_headers: {X-Key: {files: [" + open + "]}}}\n", "everybody on this machine may read"},
		"a client secret's file":      {"https://hub.example.org", "  http: {oauth2: {client_id: a, client_secret_file: " + open + ", token_url: 'https://login.example.org/t'}}\n", "everybody on this machine may read"},
		"a file that all replace":     {"https://hub.example.org", "  redis: {addr: '127.0.0.1:6379', password_file: " + loose + "}\n", "everybody on this machine may replace"},
		"escape=none":                 {"https://hub.example.org", "  access_log:\n    paths: [/var/log/x.log]\n    format: |\n      " + escapeNone, "escape=none"},
		"a file that all read":        {"https://hub.example.org", "  redis: {addr: '127.0.0.1:6379', password_file: " + open + "}\n", "everybody on this machine may read"},
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
