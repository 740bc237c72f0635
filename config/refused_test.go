package config

import (
	"strings"
	"testing"
)

// TestConfigurationsThatCannotWork pass as YAML, and would fail at each request.
func TestConfigurationsThatCannotWork(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"nginx without a path", `nginx: {urls: ["http://127.0.0.1:10080"]}`, "registries[0].nginx.urls[0]: has no path"},
		{"proxy without a scheme", `http: {proxy_url: "proxy.example.org:3128"}`, "registries[0].http.proxy_url: must be a URL with scheme"},
		{"proxy with port 99999", `http: {proxy_url: "http://proxy.example.org:99999"}`, "registries[0].http.proxy_url: must be a URL with scheme"},
		{"Keystone v3 without domain and tenant", `swift: {auth_url: "https://k.example.org/v3", username: a, key: b, container: c}`, "registries[0].swift: domain is missing, and tenant"},
		{"a variable as password", `redis: {addr: "127.0.0.1:6379", password: "${PW}"}`, "registries[0].redis.password: is the name of a variable, and variables are not expanded"},
		{"the other form of a variable", `http: {basic_auth: {username: a, password: $REGISTRY_PW}}`, "registries[0].http.basic_auth.password: is the name of a variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse("hub.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n  "+c.lines+"\n"))
			if err == nil || !strings.HasPrefix(err.Error(), "hub.yml:4:") || !strings.Contains(err.Error(), ": "+c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestConfigurationsThatLookOdd(t *testing.T) {
	for _, lines := range []string{
		`http: {proxy_url: "socks5://127.0.0.1:1080"}`,
		`nginx: {urls: ["http://127.0.0.1:10080/"]}`,
		`swift: {auth_url: "https://k.example.org/v3", username: a, key: b, container: c, domain: Default}`,
		`redis: {addr: "127.0.0.1:6379", password: "$1and-more"}`,
	} {
		if _, err := parse("hub.yml", []byte("registries:\n- name: hub\n  url: https://hub.example.org\n  "+lines+"\n")); err != nil {
			t.Errorf("%s: %v", lines, err)
		}
	}
}
