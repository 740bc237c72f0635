package ask

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCheckRedirectKeepsToSchemeHostAndPort(t *testing.T) {
	for to, follow := range map[string]bool{
		"https://registry.example.org/v2/x":      true,
		"http://registry.example.org/v2/":        false, // the same host and no port: only the scheme tells
		"https://registry.example.org:8443/v2/":  false,
		"https://login.registry.example.org/v2/": false,
		"https://registry.example.org.evil/v2/":  false,
	} {
		first := httptest.NewRequest(http.MethodGet, "https://registry.example.org/v2/", nil)
		next := httptest.NewRequest(http.MethodGet, to, nil)
		if err := (&Client{Follow: true}).checkRedirect(next, []*http.Request{first}); (err == nil) != follow {
			t.Errorf("%s: got %v, follow: want %t", to, err, follow)
		}
	}
}
