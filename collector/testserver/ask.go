package testserver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Ask sends a GET to a handler. more are pairs of header and value.
func Ask(t testing.TB, handler http.HandlerFunc, target string, more ...string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	handler(w, r)
	return w.Code, w.Body.String()
}

// WantLines fails the test unless the page has each of the lines.
func WantLines(t testing.TB, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+page, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, page)
		}
	}
}
