package registry_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/prometheus/client_golang/prometheus"
)

// TestAPIPages turns each folder of answers in testdata/api into a page.
func TestAPIPages(t *testing.T) {
	collectortest.Pages(t, collectortest.Collector{Name: "api", Answers: map[string]string{"/v2/": "v2", "/auth/token": "token"}})
}

// TestRefusedAfterSuccessPage compares the page of a front that refuses the password which it took a moment before.
func TestRefusedAfterSuccessPage(t *testing.T) {
	var refuses atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "" || refuses.Load() {
			w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		openRegistry(w, r)
	}))
	t.Cleanup(server.Close)
	e := collectortest.Hub(t, server.URL, "  http: {basic_auth: {username: monitor, password: password-of-monitor}}\n")
	page := func() prometheus.Gatherer {
		return collectortest.Page(t, e, "api", map[string]string{server.Listener.Addr().String(): "registry.example.org:443"})
	}
	page()
	refuses.Store(true)
	collectortest.ComparePage(t, filepath.Join("testdata", "login", "refused_after_success"), page())
}

// openRegistry answers as a registry without auth does.
func openRegistry(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	fmt.Fprint(w, "{}")
}

// TestTLSPage compares the whole page of a front with TLS, tls.names and a CA file.
func TestTLSPage(t *testing.T) {
	years := testserver.Valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC))
	ca := testserver.NewAuthority(t, "CA", nil, testserver.Valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC)))
	shown := ca.Issue(t, years, testserver.ForNames("registry.example.org", "127.0.0.1"))
	server := testserver.Showing(t, shown, openRegistry)
	e := collectortest.Hub(t, server.URL, "  tls: {names: [registry.example.org, 10.0.0.5]}\n  http: {tls_config: {ca_file: "+ca.File(t)+"}}\n")
	collectortest.ComparePage(t, filepath.Join("testdata", "tls", "one_name_not_covered"),
		collectortest.Page(t, e, "api", map[string]string{server.Listener.Addr().String(): "registry.example.org:443"}))
}

// A registry may ask for a client certificate. The collector ping, which asks the same server for /_ping, shows it, too.
func TestClientCertificate(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	other := testserver.NewAuthority(t, "another CA", nil)
	usable := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	given := func(c tls.Certificate) string {
		certFile, keyFile := testserver.KeyPairFiles(t, c)
		return ", cert_file: " + certFile + ", key_file: " + keyFile
	}
	for _, c := range []struct {
		name, config, reason string
	}{
		{"missing", "", source.ReasonTLSClientCert},
		{"given", given(ca.Issue(t, usable)), ""},
		{"expired", given(ca.Issue(t, usable, testserver.Valid(testserver.Start.Add(-time.Hour), testserver.Start))), source.ReasonTLSClientCert},
		{"of another CA", given(other.Issue(t, usable)), source.ReasonTLSClientCert},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, collector := range []string{"api", "ping"} {
				t.Run(c.name+"/"+tls.VersionName(version)+"/"+collector, func(t *testing.T) {
					t.Parallel()
					server := testserver.TLS(t, &tls.Config{
						Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("127.0.0.1"))},
						ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MaxVersion: version,
					}, func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/_ping" {
							fmt.Fprint(w, `{"Error":"","Healthy":true}`)
							return
						}
						openRegistry(w, r)
					})
					e := collectortest.Hub(t, server.URL, "  msr:\n  http: {tls_config: {ca_file: "+ca.File(t)+c.config+"}}\n")
					_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]="+collector)
					address := server.Listener.Addr().String()
					success := source.Bool01(c.reason == "")
					collectortest.WantLines(t, page, fmt.Sprintf(`registry_collector_success{address=%q,collector=%q,registry="hub"} %v`, address, collector, success))
					if c.reason != "" {
						collectortest.WantLines(t, page, fmt.Sprintf(`registry_collector_failure{address=%q,collector=%q,reason=%q,registry="hub"} 1`, address, collector, c.reason))
					} else if strings.Contains(page, "registry_collector_failure{") {
						t.Errorf("it fails:\n%s", page)
					}
					if collector == "api" {
						collectortest.WantLines(t, page,
							fmt.Sprintf(`registry_tls_verified{address=%q,registry="hub",role="front"} 1`, address),
							fmt.Sprintf(`registry_api_up{address=%q,registry="hub",role="front"} %v`, address, success))
					}
				})
			}
		}
	}
}
