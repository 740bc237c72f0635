package config

import (
	"strings"
	"testing"
)

// Any address is a registry whose configuration is the same again, or an error that shows no password.
func FuzzForURL(f *testing.F) {
	for _, address := range []string{
		"https://registry.example.org", "http://10.0.0.5:5000/", "https://[2001:db8::1]:5000", "https://[fe80::1%25eth0]", "https://me:hunter2@hub",
		"https://2001:db8::1", "https://a,https://b", "https://hub/v2/", "https://hub:99999", "docker://hub", "https://HUB.", "https://", "hub", "https://${HUB}", "https://hub\u00a0", "https://%41",
	} {
		f.Add(address, "library/base:1.0")
	}
	for _, image := range []string{"base", "hub/base:1", "a/b@sha256:" + strings.Repeat("0", 64), "a:b:c", "A:1", "a/b:1@sha256:", "-:-", "", "a\nb:1", "<<: x"} {
		f.Add("https://hub", image)
	}
	f.Fuzz(func(t *testing.T, address, image string) {
		c, err := ForURL(address, Access{Images: []string{image}})
		if err != nil {
			if user, _, found := strings.Cut(address, "@"); found && strings.Contains(user, "hunter2") && strings.Contains(err.Error(), "hunter2") && !strings.Contains(image, "hunter2") {
				t.Errorf("the error shows a password: %s", err)
			}
			return
		}
		r := c.Registries[0]
		if r.URL.User != nil || strings.Trim(r.URL.Path, "/") != "" || r.URL.Hostname() == "" {
			t.Errorf("the URL is %s", r.URL)
		}
		again, err := parse("again.yml", []byte(c.String()))
		if err != nil || again.String() != c.String() {
			t.Errorf("%v, then:\n%s\nfirst:\n%s", err, again, c)
		}
	})
}
