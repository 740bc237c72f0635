package distribution_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestDebugPages(t *testing.T) {
	collectortest.Pages(t, collectortest.Collector{
		Name:    "debug",
		Config:  "  debug: {urls: [http://ADDRESS]}\n",
		Answers: map[string]string{"/metrics": "metrics", "/debug/vars": "vars"},
	})
}

// The answers hold these passwords and headers, the pages none of them.
func TestDebugPagesShowNoSecrets(t *testing.T) {
	secrets := []string{"redispw", "notifsecret", "labsecret", "Bearer", "38301", "conf/"}
	pages, err := filepath.Glob("testdata/debug/*/*.prom")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	held := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := os.ReadFile(filepath.Join(filepath.Dir(page), "vars.json"))
		for _, secret := range secrets {
			if strings.Contains(string(answer), secret) {
				held++
			}
			if strings.Contains(string(text), secret) {
				t.Errorf("%s shows %s", page, secret)
			}
		}
	}
	if held < len(secrets) {
		t.Errorf("the answers hold %d secrets only: the test sees nothing", held)
	}
}

// debugOf is the page of a debug server that answers for /metrics and /debug/vars.
func debugOf(t *testing.T, answer http.HandlerFunc) collectortest.Found {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	e := collectortest.Hub(t, "http://registry.example.org", "  debug: {urls: ['"+server.URL+"']}\n")
	return collectortest.Scrape(t, e, "debug")
}

func TestDebugVeryManyWebhooks(t *testing.T) {
	var vars, metrics strings.Builder
	fmt.Fprint(&vars, `{"registry":{"cache":{},"notifications":{"endpoints":[{"name":"w"}`)
	fmt.Fprintln(&metrics, `registry_proxy_requests_total{type="blob"} 0`)
	for i := range 10_000 {
		fmt.Fprintf(&vars, `,{"name":"w%d","Metrics":{"Pending":1}}`, i)
		fmt.Fprintf(&metrics, "registry_notifications_pending_total{endpoint=\"w%d\"} 1\n", i)
	}
	fmt.Fprint(&vars, "]}}}")
	for document, answer := range map[string]string{"/debug/vars": vars.String(), "/metrics": metrics.String()} {
		page := debugOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != document {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, answer)
		})
		page.WantReason(t, "")
		shown := 0
		for name := range page {
			if strings.HasPrefix(name, "registry_webhook_pending{") {
				shown++
			}
		}
		if shown != 100 {
			t.Errorf("%s: %d webhooks are shown, want 100", document, shown)
		}
	}
}

func TestDebugEndlessAnswers(t *testing.T) {
	for _, document := range []string{"/metrics", "/debug/vars"} {
		debugOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != document {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, `{"registry":`)
			testserver.WriteEndlessly(w)
		}).WantReason(t, source.ReasonTooLarge)
	}
}

// A debug server behind a proxy that lets /debug/health through alone is no fault.
func TestDebugRefusedTellsNothing(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed} {
		page := debugOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		page.WantReason(t, "")
		for name := range page {
			if strings.HasPrefix(name, "registry_webhook_") || strings.HasPrefix(name, "registry_distribution_") {
				t.Errorf("status %d: %s is made up", status, name)
			}
		}
	}
}

// Distribution 3 shows its whole configuration at /debug/vars: where /metrics tells all, it is not asked for.
func TestDebugVarsOfThreeAreNotAskedFor(t *testing.T) {
	metrics, err := os.ReadFile("testdata/debug/3_backlog/metrics.http")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(metrics), "\n\n")
	page := debugOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			t.Errorf("%s was asked for", r.URL.Path)
		}
		fmt.Fprint(w, body)
	})
	page.WantSamples(t, map[string]float64{"registry_distribution_info{": 1})
}
