package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// advice returns the advice of the source for its failure: the first row that fits.
func (e *collected) advice(t *testing.T, got found) string {
	t.Helper()
	for _, a := range e.sources[0].Words.Advice {
		if a.Fits(got.results[0], source.Reason(got.results[0].Err)) {
			return a.What
		}
	}
	return "none of its own"
}

// Clients refuse some answers that lenient programs take. The advice must not say that another service or a login page
// answers.
func TestAdviceAboutWhatClientsRefuse(t *testing.T) {
	const login = "  http: {basic_auth: {username: u, password: p}}\n"
	realm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"token":"t","issued_at":"yesterday"}`)
	}))
	defer realm.Close()
	challenged := func(realm string) func(f *fakeRegistry) {
		return func(f *fakeRegistry) {
			f.guard = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "Bearer realm="+realm)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}
	}
	const methods = "refuses a request that clients send, too: the error names its method"
	const clientsDoNotRead, buildAgain = "clients do not read how the login", "build and push it again"
	for _, c := range []struct {
		name, collector, options string
		breakIt                  func(f *fakeRegistry)
		want                     string
	}{
		{"a realm without quotes, pull", "pull", "  pull: {images: [library/base:1.0]}\n", challenged(realm.URL), clientsDoNotRead},
		{"a realm without quotes, push", "push", "  push: {repository: monitoring/canary}\n", challenged(realm.URL), clientsDoNotRead},
		{"a realm without quotes, /v2/", "api", "", challenged(realm.URL), clientsDoNotRead},
		{"a token of yesterday", "pull", "  pull: {images: [library/base:1.0]}\n", challenged(`"` + realm.URL + `"`), clientsDoNotRead},
		{"HEAD of manifests is forbidden", "pull", "  pull: {images: [library/base:1.0]}\n", func(f *fakeRegistry) { f.answer("HEAD manifest", saysStatus(http.StatusForbidden, "")) }, methods},
		{"PATCH is not allowed", "push", "  push: {repository: monitoring/canary}\n", func(f *fakeRegistry) { f.answer("PATCH upload", saysStatus(http.StatusMethodNotAllowed, "")) }, methods},
		{"a manifest that is found by its tag alone", "pull", "  pull: {images: [library/base:1.0]}\n", func(f *fakeRegistry) { f.lose(f.push("1.0", "layer one").manifest) }, "is not found by digest, by which containerd asks"},
		{"a layer of 0 bytes", "pull", "  pull: {images: [library/base:1.0]}\n", func(f *fakeRegistry) { f.push("1.0", "") }, buildAgain},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startRegistry(t)
			f.push("1.0", "layer one")
			c.breakIt(f)
			e := collectHub(t, c.collector, f.URL, login+c.options)
			var got found
			if c.collector == "api" {
				got = e.scrape(t)
			} else {
				got = e.run(t)
			}
			if what := e.advice(t, got); !strings.Contains(what, c.want) {
				t.Errorf("the advice is: %s\nwant: %s; the error is %v", what, c.want, got.err())
			}
		})
	}
}
