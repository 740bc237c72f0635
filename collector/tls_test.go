package collector

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServedCertificate(t *testing.T) {
	root := newAuthority(t, "root", nil)
	other := newAuthority(t, "another root", nil)
	middle := newAuthority(t, "intermediate", root)
	short := newAuthority(t, "intermediate that ends soon", root, valid(testStart, testStart.Add(36*time.Hour)))
	leaf := func(by *authority, changes ...func(*x509.Certificate)) tls.Certificate {
		return by.issue(t, append(changes, forNames("127.0.0.1"))...)
	}
	yesterday, tomorrow := testStart, testEnd
	for _, c := range []struct {
		name     string
		shown    tls.Certificate
		tls      string // of the registry's tls_config
		reason   string
		verified float64
		start    time.Time
		expiry   time.Time
	}{
		{name: "good", shown: leaf(root), verified: 1},
		{name: "good with intermediate", shown: with(leaf(middle), middle), verified: 1},
		{name: "intermediate ends before leaf", shown: with(leaf(short), short), verified: 1, expiry: testStart.Add(36 * time.Hour)},
		{name: "expired", shown: leaf(root, valid(yesterday.Add(-time.Hour), yesterday)), reason: reasonTLSExpired, start: yesterday.Add(-time.Hour), expiry: yesterday},
		{name: "not yet valid", shown: leaf(root, valid(tomorrow, tomorrow.Add(time.Hour))), reason: reasonTLSNotYetValid, start: tomorrow, expiry: tomorrow.Add(time.Hour)},
		{name: "wrong name", shown: root.issue(t, forNames("other.example.org", "10.0.0.1")), reason: reasonTLSHostname},
		{name: "address without IP SAN", shown: root.issue(t, forNames("registry.example.org")), reason: reasonTLSNoIPSAN},
		{name: "unknown CA", shown: leaf(other), reason: reasonTLSUnknownAuthority},
		{name: "self-signed", shown: func() tls.Certificate {
			a := newAuthority(t, "self", nil, forNames("127.0.0.1"))
			return tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}
		}(), reason: reasonTLSUnknownAuthority},
		{name: "missing intermediate", shown: leaf(middle), reason: reasonTLSUnknownAuthority},
		{name: "not for servers", shown: leaf(root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), reason: reasonTLSOther},
		{name: "server_name of the certificate", shown: root.issue(t, forNames("registry.example.org")), tls: "server_name: registry.example.org", verified: 1},
		{name: "server_name not of the certificate", shown: leaf(root), tls: "server_name: registry.example.org", reason: reasonTLSHostname},
	} {
		for _, insecure := range []bool{false, true} {
			name := c.name
			if insecure {
				name = "insecure_skip_verify/" + name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := serverShowing(t, c.shown, openRegistry)
				e := newTestExporter(t, fmt.Sprintf("registries:\n- name: hub\n  url: %s\n  http: {tls_config: {ca_file: %s, insecure_skip_verify: %t, %s}}\n",
					server.URL, root.file(t), insecure, c.tls))
				got := e.scrapeNow(t, "api")
				want := c.reason
				if insecure {
					want = ""
				}
				got.wantReason(t, want)
				start, expiry := c.start, c.expiry
				if start.IsZero() {
					start = testStart
				}
				if expiry.IsZero() {
					expiry = testEnd
				}
				got.wantSamples(t, map[string]float64{
					"registry_api_up{":                          bool01(want == ""),
					"registry_tls_verified{":                    c.verified,
					"registry_tls_start_timestamp_seconds{":     float64(start.Unix()),
					"registry_tls_expiry_timestamp_seconds{":    float64(expiry.Unix()),
					"registry_tls_ca_expiry_timestamp_seconds{": float64(testEnd.Unix()),
				})
			})
		}
	}
}

func TestClientCertificate(t *testing.T) {
	ca := newAuthority(t, "CA", nil)
	other := newAuthority(t, "another CA", nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	usable := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	given := func(c tls.Certificate) string {
		certFile, keyFile := keyPairFiles(t, c)
		return ", cert_file: " + certFile + ", key_file: " + keyFile
	}
	for _, c := range []struct {
		name, config, reason string
	}{
		{"missing", "", reasonTLSClientCert},
		{"given", given(ca.issue(t, usable)), ""},
		{"expired", given(ca.issue(t, usable, valid(testStart.Add(-time.Hour), testStart))), reasonTLSClientCert},
		{"of another CA", given(other.issue(t, usable)), reasonTLSClientCert},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, collector := range []string{"api", "ping"} {
				t.Run(c.name+"/"+tls.VersionName(version)+"/"+collector, func(t *testing.T) {
					t.Parallel()
					server := tlsServer(t, &tls.Config{
						Certificates: []tls.Certificate{ca.issue(t, forNames("127.0.0.1"))},
						ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool, MaxVersion: version,
					}, func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/_ping" {
							fmt.Fprint(w, `{"Error":"","Healthy":true}`)
							return
						}
						openRegistry(w, r)
					})
					e := exporterOfHub(t, server.URL, "  msr:\n  http: {tls_config: {ca_file: "+ca.file(t)+c.config+"}}\n")
					got := e.scrapeNow(t, collector)
					got.wantReason(t, c.reason)
					if collector == "api" {
						got.wantSamples(t, map[string]float64{"registry_tls_verified{": 1, "registry_api_up{": bool01(c.reason == "")})
					}
				})
			}
		}
	}
}

// A server that shares no TLS version or cipher with us says "handshake failure" too.
func TestHandshakeFailureWithoutACertificateRequest(t *testing.T) {
	server := tlsServer(t, &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{
				Certificates: []tls.Certificate{newAuthority(t, "CA", nil).issue(t)},
				MaxVersion:   tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
			}, nil
		},
	}, openRegistry)
	e := exporterOfHub(t, server.URL, "")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, reasonTLSOther)
	got.wantNone(t, "registry_tls_")
}

func TestWordsOfNginxAboutTLS(t *testing.T) {
	ca := newAuthority(t, "CA", nil)
	for _, c := range []struct{ words, reason string }{
		{"No required SSL certificate was sent", reasonTLSClientCert},
		{"The SSL certificate error", reasonTLSClientCert},
		{"The plain HTTP request was sent to HTTPS port", reasonHTTPOnHTTPS},
		{"Request Header Or Cookie Too Large", reasonClientError},
	} {
		t.Run(c.words, func(t *testing.T) {
			server := serverShowing(t, ca.issue(t, forNames("127.0.0.1")), func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, "<html>\n<head><title>400 %s</title></head>\n<body>\n<center><h1>400 Bad Request</h1></center>\n<center>%s</center>\n<hr><center>nginx/1.22.1</center>\n</body>\n</html>\n", c.words, c.words)
			})
			e := exporterOfHub(t, server.URL, "  http: {tls_config: {ca_file: "+ca.file(t)+"}}\n")
			got := e.scrapeNow(t, "api")
			got.wantReason(t, c.reason)
			got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400, "registry_tls_verified{": 1})
		})
	}
}

func TestHTTPOnATLSPort(t *testing.T) {
	server := serverShowing(t, newAuthority(t, "CA", nil).issue(t), openRegistry)
	e := exporterOfHub(t, "http://"+server.Listener.Addr().String(), "")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, reasonHTTPOnHTTPS)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400})
	got.wantNone(t, "registry_tls_")
}

func TestTLSOnAPlainPort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(openRegistry))
	defer server.Close()
	e := exporterOfHub(t, "https://"+server.Listener.Addr().String(), "")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, reasonHTTPSOnHTTP)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 0})
	got.wantNone(t, "registry_tls_", "registry_api_status_code{")
}

// A server may show the same leaf in two chains, as when a CA is replaced: the leaf verifies until both have ended.
func TestExpiryIsThatOfTheChainThatLastsLongest(t *testing.T) {
	oldRoot := newAuthority(t, "old root", nil, valid(testStart, testStart.Add(30*time.Hour)))
	newRoot := newAuthority(t, "new root", nil)
	middle := newAuthority(t, "intermediate", newRoot, valid(testStart, testStart.Add(36*time.Hour)))
	crossed := &authority{key: middle.key}
	template := newTemplate("intermediate", nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	crossed.cert = oldRoot.sign(t, template, middle.key)
	server := tlsServer(t, &tls.Config{
		Certificates: []tls.Certificate{with(middle.issue(t, forNames("127.0.0.1")), crossed, middle)},
	}, openRegistry)
	for _, c := range []struct {
		name, ca string
		expiry   time.Time
		caEnd    time.Time
	}{
		{"both roots trusted", oldRoot.file(t, newRoot), testStart.Add(36 * time.Hour), testStart.Add(30 * time.Hour)},
		{"only the old root trusted", oldRoot.file(t), testStart.Add(30 * time.Hour), testStart.Add(30 * time.Hour)},
		{"only the new root trusted", newRoot.file(t), testStart.Add(36 * time.Hour), testEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := exporterOfHub(t, server.URL, "  http: {tls_config: {ca_file: "+c.ca+"}}\n")
			e.scrapeNow(t, "api").wantSamples(t, map[string]float64{
				"registry_tls_verified{":                    1,
				"registry_tls_expiry_timestamp_seconds{":    float64(c.expiry.Unix()),
				"registry_tls_ca_expiry_timestamp_seconds{": float64(c.caEnd.Unix()),
			})
		})
	}
}

func TestNamesThatTheCertificateCovers(t *testing.T) {
	ca := newAuthority(t, "CA", nil)
	shown := ca.issue(t, forNames("registry.example.org", "*.mirror.example.org", "127.0.0.1", "2001:db8::5"))
	server := serverShowing(t, shown, openRegistry)
	backend := serverShowing(t, shown, openRegistry)
	want := map[string]float64{
		"registry.example.org": 1, "a.mirror.example.org": 1, "127.0.0.1": 1, "2001:db8::5": 1,
		"mirror.example.org": 0, "a.b.mirror.example.org": 0, "other.example.org": 0, "127.0.0.2": 0,
	}
	var names []string
	for name := range want {
		names = append(names, `"`+name+`"`)
	}
	for _, verified := range []bool{true, false} { // a name may be covered though nobody trusts the certificate
		trust := ""
		if verified {
			trust = "\n  http: {tls_config: {ca_file: " + ca.file(t) + "}}"
		}
		e := exporterOfHub(t, server.URL, "  backends: ["+backend.URL+"]\n  tls: {names: ["+strings.Join(names, ", ")+"]}"+trust+"\n")
		got := e.scrapeNow(t, "api")
		for name, covered := range want {
			got.wantSamples(t, map[string]float64{fmt.Sprintf("registry_tls_name_covered{endpoint=%q,name=%q}", server.Listener.Addr(), name): covered})
		}
		got.wantNone(t, fmt.Sprintf("registry_tls_name_covered{endpoint=%q", backend.Listener.Addr()))
		got.wantSamples(t, map[string]float64{fmt.Sprintf("registry_tls_verified{endpoint=%q", server.Listener.Addr()): bool01(verified)})
	}
}

func TestCAFile(t *testing.T) {
	early := newAuthority(t, "ends early", nil, valid(testStart, testStart.Add(30*time.Hour)))
	ended := newAuthority(t, "has ended", nil, valid(testStart.Add(-time.Hour), testStart))
	late := newAuthority(t, "ends late", nil)
	for _, c := range []struct {
		name, file string
		end        time.Time
	}{
		{"one", late.file(t), testEnd},
		{"several: the earliest counts", late.file(t, early), testStart.Add(30 * time.Hour)},
		{"one has ended", late.file(t, ended, early), testStart},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := exporterOfHub(t, "http://127.0.0.1:1", "  http: {tls_config: {ca_file: "+c.file+"}}\n")
			got := e.scrapeNow(t, "api")
			got.wantReason(t, reasonRefused) // known all the same
			got.wantSamples(t, map[string]float64{"registry_tls_ca_expiry_timestamp_seconds{": float64(c.end.Unix())})
		})
	}
}

// TestTLSPage is the whole page of a front with TLS, its names and the CA file.
func TestTLSPage(t *testing.T) {
	years := valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC))
	ca := newAuthority(t, "CA", nil, valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC)))
	shown := ca.issue(t, years, forNames("registry.example.org", "127.0.0.1"))
	server := serverShowing(t, shown, openRegistry)
	e := exporterOfHub(t, server.URL, "  tls: {names: [registry.example.org, 10.0.0.5]}\n  http: {tls_config: {ca_file: "+ca.file(t)+"}}\n")
	comparePage(t, filepath.Join("testdata", "tls", "one_name_not_covered"),
		e.testPage(t, "api", map[string]string{server.Listener.Addr().String(): "registry.example.org:443"}))
}
