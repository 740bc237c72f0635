package ask

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/source"
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

// Fronts add headers without measure, and Go's clients, such as containerd, take them.
func TestHeadersOfAnAnswerAreBounded(t *testing.T) {
	for size, want := range map[int]string{200 << 10: "", 2 << 20: source.ReasonTooLarge} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Policy", strings.Repeat("x", size))
		}))
		defer server.Close()
		a := accountOf(t, server.URL, "", &Lockout{})
		_, err := a.Get(t.Context(), a.Plain, "/v2/", MaxSmallBody)
		if got := source.Reason(err); got != want {
			t.Errorf("headers of %d bytes: reason %q, want %q: %v", size, got, want, err)
		}
	}
}
