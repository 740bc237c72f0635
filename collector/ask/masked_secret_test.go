package ask_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// A label is cut after some bytes. A secret that begins before the cut and ends behind it would be half shown.
func TestSecretAcrossTheEndOfALabel(t *testing.T) {
	const password = "the-right-password"
	for inside := 1; inside < len(password); inside++ {
		check := "/" + strings.Repeat("x", source.MaxLabelBytes-1-inside)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, heard, _ := r.BasicAuth()
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{%q: "x"}`, check+heard+" and more")
		}))
		defer server.Close()
		e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid", "  debug: {urls: ["+server.URL+"], http: {basic_auth: {username: monitor, password: "+password+"}}}\n"))
		want := check + "<secret> and more"
		collectortest.Scrape(t, e, "health").WantSamples(t, map[string]float64{
			`registry_health_check_failing{address="` + server.Listener.Addr().String() + `",check="` + want[:min(len(want), source.MaxLabelBytes)] + `",`: 1,
		})
		if t.Failed() {
			t.Fatalf("with %d bytes inside", inside)
		}
	}
}

// fileOfSecret writes a file with a password, and returns the lines with which the debug server is asked with it.
func fileOfSecret(t *testing.T, url, password string) (file, lines string) {
	t.Helper()
	file = testserver.TempFile(t, "password", []byte(password))
	return file, "  debug: {urls: [" + url + "], http: {basic_auth: {username: monitor, password_file: " + file + "}}}\n"
}

// The file has another secret when the server's answer repeats the one that was sent.
func TestSecretThatChangesDuringAScrapeIsMasked(t *testing.T) {
	var file string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, heard, _ := r.BasicAuth()
		writeSecret(t, file, "another-password")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"/%s": "x"}`, heard)
	}))
	defer server.Close()
	file, lines := fileOfSecret(t, server.URL, "first-password")
	e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid", lines))
	for range 3 {
		writeSecret(t, file, "first-password")
		if _, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=health"); !strings.Contains(page, `check="/<secret>"`) || strings.Contains(page, "password") {
			t.Fatalf("the secret is on\n%s", page)
		}
	}
}

func TestFileOfAHeaderIsMaskedAsItWasSent(t *testing.T) {
	file := testserver.TempFile(t, "key", []byte("first-api-key\n"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"/%s": "x"}`, strings.Join(r.Header.Values("X-Api-Key"), " "))
	}))
	defer server.Close()
	e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid",
		"  debug: {urls: ["+server.URL+"], http: {http_headers: {X-Api-Key: {values: [plain], secrets: [in-the-configuration], files: ["+file+"]}}}}\n"))
	writeSecret(t, file, "second-api-key\n")
	_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=health")
	if !strings.Contains(page, `check="/plain <secret> <secret>"`) {
		t.Errorf("no such check on\n%s", page)
	}
}

func TestSecretThatIsNotUTF8InAKeyOfAnAnswer(t *testing.T) {
	for _, secret := range []string{"my-pass\xffword", "my-pass\xff\xfeword"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, heard, _ := r.BasicAuth()
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{"/etc/%s": "x"}`, heard)
		}))
		defer server.Close()
		_, lines := fileOfSecret(t, server.URL, secret)
		e := collectortest.Hub(t, "http://registry.invalid", lines)
		collectortest.Scrape(t, e, "health").WantSamples(t, map[string]float64{`registry_health_check_failing{address="` + server.Listener.Addr().String() + `",check="/etc/<secret>",`: 1})
	}
}

// writeSecret replaces the content of the file of a secret.
func writeSecret(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Error(err) // not Fatal: handlers call it, too
	}
}
