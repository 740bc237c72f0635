package ask_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestHTTPSProxyIsVerifiedByItsOwnName(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), testserver.OpenRegistry)
	proxy := testserver.Showing(t, ca.Issue(t, testserver.ForNames("localhost")), connectTo)
	_, port, _ := strings.Cut(proxy.Listener.Addr().String(), ":")
	e := collectortest.Hub(t, server.URL, "  http: {proxy_url: https://localhost:"+port+", tls_config: {ca_file: "+ca.File(t)+"}}\n")
	got := collectortest.Scrape(t, e, "api")
	got.WantReason(t, "")
	got.WantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_tls_verified{": 1})
}

// An HTTPS proxy shows a certificate, too. The exporter sees the registry's certificate only behind the proxy.
func TestCertificateOfAProxyIsNotThatOfTheRegistry(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	ofProxy, ofServer := testserver.Start.Add(-time.Hour), testserver.Start.Add(-2*time.Hour)
	forbid := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	hangUp := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("localhost"), testserver.Valid(ofServer, testserver.End)), testserver.OpenRegistry)
	byName := func(s *httptest.Server) string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }
	stranger := testserver.Showing(t, testserver.NewAuthority(t, "unknown", nil).Issue(t, testserver.ForNames("localhost"), testserver.Valid(ofServer, testserver.End)), testserver.OpenRegistry)
	for _, c := range []struct {
		name, url   string
		proxy       http.HandlerFunc
		proxyNames  string
		reason      string
		verified    float64
		certificate bool // of the registry
		tlsPhase    bool
	}{
		{"connects", byName(server), connectTo, "127.0.0.1", "", 1, true, true},
		{"connects to one whose certificate is refused", byName(stranger), connectTo, "127.0.0.1", source.ReasonTLSUnknownAuthority, 0, true, false},
		{"does not connect", byName(server), forbid, "127.0.0.1", source.ReasonForbidden, 0, false, false},
		{"hangs up", byName(server), hangUp, "127.0.0.1", source.ReasonShortRead, 0, false, false},
		{"the registry has no TLS", "http://registry.invalid", testserver.OpenRegistry, "127.0.0.1", "", 0, false, false},
		{"is not who it should be", byName(server), connectTo, "localhost", source.ReasonTLSNoIPSAN, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy := testserver.Showing(t, ca.Issue(t, testserver.ForNames(c.proxyNames), testserver.Valid(ofProxy, testserver.End)), c.proxy)
			e := collectortest.Hub(t, c.url, "  http: {proxy_url: "+proxy.URL+", tls_config: {ca_file: "+ca.File(t)+"}}\n")
			got := collectortest.Scrape(t, e, "api")
			got.WantReason(t, c.reason)
			if c.certificate {
				got.WantSamples(t, map[string]float64{"registry_tls_verified{": c.verified, "registry_tls_start_timestamp_seconds{": source.Unix(ofServer)})
			} else {
				got.WantNone(t, "registry_tls_verified{", "registry_tls_start_timestamp_seconds{", "registry_tls_expiry_timestamp_seconds{")
			}
			seconds := ""
			for name := range got {
				if strings.Contains(name, `phase="tls"`) {
					seconds = name
				}
			}
			if (seconds != "") != c.tlsPhase {
				t.Errorf("phase tls: %q", seconds)
			}
		})
	}
}

func TestProxyRefuses(t *testing.T) {
	for status, reason := range map[int]string{
		http.StatusProxyAuthRequired:  source.ReasonClientError,
		http.StatusForbidden:          source.ReasonForbidden,
		http.StatusBadGateway:         source.ReasonServerError,
		http.StatusServiceUnavailable: source.ReasonUnavailable,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			defer proxy.Close()
			e := collectortest.Hub(t, "https://registry.invalid", "  http: {proxy_url: "+proxy.URL+"}\n")
			collectortest.Scrape(t, e, "api").WantReason(t, reason)
		})
	}
}

// connectTo is a proxy that connects to any address.
func connectTo(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	fmt.Fprint(here, "HTTP/1.1 200 Connected\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, here)
		there.Close()
	}()
	_, _ = io.Copy(here, there)
}
