package ask_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// A named pipe is a file that cannot be read until somebody writes, such as one on a file system that hangs.
func TestSecretFileThatHangs(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			asked.Add(1)
		}
		testserver.OpenRegistry(w, r)
	}))
	defer server.Close()
	file, lines := fileOfSecret(t, server.URL, "right-password")
	e := collectortest.New(t, collectortest.HubConfig(server.URL, lines+"  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n"))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Skipf("no named pipe: %s", err)
	}
	for range 2 {
		_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub", "X-Prometheus-Scrape-Timeout-Seconds", "3")
		for _, collector := range []string{"api", "health"} {
			collectortest.WantLines(t, page, `registry_collector_failure{address="`+server.Listener.Addr().String()+`",collector="`+collector+`",reason="timeout",registry="hub"} 1`)
		}
		collectortest.WantLines(t, page, `registry_api_up{address="`+server.Listener.Addr().String()+`",registry="hub",role="front"} 1`)
		if strings.Contains(page, "registry_api_authorized{") {
			t.Errorf("nobody was asked, and there is a verdict on\n%s", page)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("something was sent %d times", asked.Load())
	}
	if err := os.WriteFile(file, []byte("right-password"), 0o600); err != nil { // ends what hangs
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("right-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := collectortest.Scrape(t, e, "api")
	got.WantReason(t, "")
	got.WantSamples(t, map[string]float64{"registry_api_authorized{": 1})
}

func TestSecretFileThatIsGone(t *testing.T) {
	for name, challenge := range map[string]string{"basic auth": `Basic realm="x"`, "token flow": `Bearer realm="http://127.0.0.1:1/token"`} {
		t.Run(name, func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer server.Close()
			file := testserver.TempFile(t, "password", []byte("right-password"))
			e := collectortest.New(t, collectortest.HubConfig(server.URL, "  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n"))
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			got := collectortest.Scrape(t, e, "api")
			got.WantReason(t, source.ReasonUnauthorized)
			got.WantSamples(t, map[string]float64{"registry_api_up{": 1})
			got.WantNone(t, "registry_api_authorized{")
			if n := len(seen.Requests()); n != 1 {
				t.Errorf("%d requests, want the one without credentials", n)
			}
			_, page := collectortest.Ask(t, e.ServeProbe, "/probe?debug=true&registry=hub&collect[]=api")
			if !strings.Contains(page, "a secret cannot be read: ") {
				t.Errorf("the error does not say so:\n%s", page)
			}
		})
	}
}
