package main

import "testing"

func TestGuessOfTheExternalURL(t *testing.T) {
	host := hostname()
	secure := writeFile(t, "tls.yml", "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
	users := writeFile(t, "users.yml", "basic_auth_users: {prometheus: x}\n")
	for _, c := range []struct {
		name, listen, web, want string
	}{
		{"every address", ":10500", "", "http://" + host + ":10500"},
		{"every address, another port", "0.0.0.0:9999", "", "http://" + host + ":9999"},
		{"every IPv6 address", "[::]:10500", "", "http://" + host + ":10500"},
		{"one address", "[2001:db8::1]:10500", "", "http://[2001:db8::1]:10500"},
		{"a name", "exporter.example.org:80", "", "http://exporter.example.org:80"},
		{"TLS", ":10500", secure, "https://" + host + ":10500"},
		{"basic auth without TLS", ":10500", users, "http://" + host + ":10500"},
		{"vsock", "vsock://:10500", "", "http://" + host + ":10500"},
	} {
		if got := guessURL([]string{c.listen}, c.web); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
