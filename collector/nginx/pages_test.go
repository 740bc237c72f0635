package nginx_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func TestPages(t *testing.T) {
	collectortest.Pages(t, collectortest.Collector{
		Name:    "nginx",
		Config:  "  msr:\n",
		Answers: map[string]string{"/nginx_status": "nginx_status"},
	})
}

const stubStatusPage = "Active connections: 1 \nserver accepts handled requests\n 687 687 1726 \nReading: 0 Writing: 1 Waiting: 0 \n"

// scrape reads the nginx of a registry with these lines.
func scrape(t *testing.T, url, lines string) collectortest.Found {
	t.Helper()
	return collectortest.Scrape(t, collectortest.Hub(t, url, lines), "nginx")
}

// An nginx in nginx.urls has a path and credentials of its own.
func TestElsewhere(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path != "/status/basic":
			w.WriteHeader(http.StatusNotFound)
		case user != "mon" || password != "nginxnginx":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(stubStatusPage))
		}
	}))
	defer server.Close()
	lines := func(path, password string) string {
		return "  http: {basic_auth: {username: reg, password: hubhubhub}}\n" +
			"  nginx: {urls: ['" + server.URL + path + "'], http: {basic_auth: {username: mon, password: " + password + "}}}\n"
	}
	page := scrape(t, "http://registry.example.org", lines("/status/basic", "nginxnginx"))
	page.WantReason(t, "")
	page.WantSamples(t, map[string]float64{"registry_nginx_requests_total{": 1726})

	scrape(t, "http://registry.example.org", lines("/status/basic", "wrongwrong")).WantReason(t, source.ReasonUnauthorized)
	scrape(t, "http://registry.example.org", lines("/nginx_status", "nginxnginx")).WantReason(t, source.ReasonNotFound)
}

// stub_status of a replica is open to all: the exporter must not send the admin's password there.
func TestReplicaGetsNoCredentials(t *testing.T) {
	var authorization []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = append(authorization, r.URL.Path+" "+r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(stubStatusPage))
	}))
	defer server.Close()
	scrape(t, server.URL, "  msr: {http: {basic_auth: {username: admin, password: adminadmin}}}\n").WantReason(t, "")
	if got := strings.Join(authorization, ","); got != "/nginx_status " {
		t.Errorf("asked %q, want /nginx_status without credentials", got)
	}
}

func TestCredentialsDoNotFollowARedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	page := scrape(t, "http://registry.example.org",
		"  nginx: {urls: ['"+server.URL+"/status'], http: {basic_auth: {username: mon, password: nginxnginx}}}\n")
	page.WantReason(t, source.ReasonRedirected)
	if asked {
		t.Error("the other host was asked")
	}
}

func TestEndlessPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { testserver.WriteEndlessly(w) }))
	defer server.Close()
	scrape(t, "http://registry.example.org", "  nginx: {urls: ['"+server.URL+"/status']}\n").WantReason(t, source.ReasonTooLarge)
}
