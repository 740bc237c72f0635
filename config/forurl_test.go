package config

import (
	"strings"
	"testing"
)

func TestRegistryOfAURL(t *testing.T) {
	for _, c := range []struct {
		name, url string
		access    Access
		want      []string // lines of the configuration
	}{
		{"https", "https://registry.example.org", Access{}, []string{"name: registry.example.org", "url: https://registry.example.org", "- registry.example.org"}},
		{"its address has to be in the certificate", "https://10.0.0.5:5000", Access{}, []string{"name: 10.0.0.5-5000", "- 10.0.0.5"}},
		{"an address of IPv6", "https://[2001:db8::1]:5000", Access{}, []string{"name: 2001-db8-1-5000", "- 2001:db8::1"}},
		{"http", "http://localhost:5000", Access{}, []string{"name: localhost-5000"}},
		{"a CA file", "https://hub", Access{CAFile: "ca.pem"}, []string{"ca_file: ca.pem"}},
		{"an account", "https://hub", Access{Username: "me", PasswordFile: "/run/secrets/hub"}, []string{"username: me", "password_file: /run/secrets/hub"}},
		{"a password", "https://hub", Access{Username: "me", Password: "two\nlines: &x"}, []string{"password: <secret>"}},
		{"images", "https://hub", Access{Images: []string{"library/base:1.0", "library/app:2"}}, []string{"- library/base:1.0", "- library/app:2", "every: 1m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ForURL(c.url, c.access)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range c.want {
				if !strings.Contains(got.String(), line+"\n") {
					t.Errorf("no %q in\n%s", line, got)
				}
			}
			if c.access.Password != "" && string(got.Registries[0].HTTP.BasicAuth.Password) != c.access.Password {
				t.Error("the password is another")
			}
		})
	}
}

func TestRegistryOfAURLThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, url string
		access    Access
		want      string
	}{
		{"a path", "https://hub/v2/", Access{}, "url: must end after host and port: the exporter knows the paths"},
		{"another scheme", "docker://hub", Access{}, "url: needs a scheme: write it as https://host or http://host:port"},
		{"a password in it", "https://me:hunter2@hub", Access{}, "the URL holds a user or password: give them apart"},
		{"no URL", "https://hub:port", Access{}, "url: is not a URL: write it as https://host:port"},
		{"no host", "https://", Access{}, "url: names no host: write it as https://host:port"},
		{"a user without a password", "https://hub", Access{Username: "me"}, "http.basic_auth: password_file is missing (or password)"},
		{"a password without a user", "https://hub", Access{Password: "hunter2"}, "a password needs a username"},
		{"an image without a tag", "https://hub", Access{Images: []string{"base"}}, "pull.images[0]: must be a repository and a tag, such as library/base:1.0, or repository@sha256:…"},
		{"an image with its host", "https://hub", Access{Images: []string{"hub/base:1"}}, "pull.images[0]: must begin with the repository: the host is that of url"},
	} {
		if _, err := ForURL(c.url, c.access); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}
