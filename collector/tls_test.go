package collector

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority signs certificates; without a parent it signs itself.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var (
	testStart = time.Now().Add(-24 * time.Hour).Truncate(time.Second).UTC()
	testEnd   = time.Now().Add(24 * time.Hour).Truncate(time.Second).UTC()
)

func newAuthority(t testing.TB, name string, parent *authority, changes ...func(*x509.Certificate)) *authority {
	t.Helper()
	template := newTemplate(name, changes)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a := &authority{key: newKey(t)}
	if parent == nil {
		parent = &authority{template, a.key}
	}
	a.cert = parent.sign(t, template, a.key)
	return a
}

func newTemplate(name string, changes []func(*x509.Certificate)) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: testStart, NotAfter: testEnd}
	for _, change := range changes {
		change(template)
	}
	return template
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(t testing.TB, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue is a certificate to be shown by a server or client.
func (a *authority) issue(t testing.TB, changes ...func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key := newKey(t)
	cert := a.sign(t, newTemplate("leaf", changes), key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// file holds the certificate of a, and of others.
func (a *authority) file(t testing.TB, others ...*authority) string {
	t.Helper()
	var text bytes.Buffer
	for _, one := range append([]*authority{a}, others...) {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: one.cert.Raw})
	}
	return tempFile(t, "ca.pem", text.Bytes())
}

func tempFile(t testing.TB, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// keyPairFiles are a certificate and its key on disk.
func keyPairFiles(t testing.TB, c tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tempFile(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		tempFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func forNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
	}
}

func valid(from, to time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

// with adds certificates to those that are shown.
func with(c tls.Certificate, chain ...*authority) tls.Certificate {
	for _, a := range chain {
		c.Certificate = append(c.Certificate, a.cert.Raw)
	}
	return c
}

func tlsServer(t testing.TB, config *tls.Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

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
				server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{c.shown}}, openRegistry)
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
					e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  msr:\n  http: {tls_config: {ca_file: "+ca.file(t)+c.config+"}}\n")
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
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n")
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
			server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, forNames("127.0.0.1"))}}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, "<html>\n<head><title>400 %s</title></head>\n<body>\n<center><h1>400 Bad Request</h1></center>\n<center>%s</center>\n<hr><center>nginx/1.22.1</center>\n</body>\n</html>\n", c.words, c.words)
			})
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {tls_config: {ca_file: "+ca.file(t)+"}}\n")
			got := e.scrapeNow(t, "api")
			got.wantReason(t, c.reason)
			got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400, "registry_tls_verified{": 1})
		})
	}
}

func TestHTTPOnATLSPort(t *testing.T) {
	server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "CA", nil).issue(t)}}, openRegistry)
	e := newTestExporter(t, "registries:\n- name: hub\n  url: http://"+server.Listener.Addr().String()+"\n")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, reasonHTTPOnHTTPS)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400})
	got.wantNone(t, "registry_tls_")
}

func TestTLSOnAPlainPort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(openRegistry))
	defer server.Close()
	e := newTestExporter(t, "registries:\n- name: hub\n  url: https://"+server.Listener.Addr().String()+"\n")
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
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {tls_config: {ca_file: "+c.ca+"}}\n")
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
	server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{shown}}, openRegistry)
	backend := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{shown}}, openRegistry)
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
		e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  backends: ["+backend.URL+"]\n  tls: {names: ["+strings.Join(names, ", ")+"]}"+trust+"\n")
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
	down := httptest.NewServer(nil)
	down.Close()
	for _, c := range []struct {
		name, file string
		end        time.Time
	}{
		{"one", late.file(t), testEnd},
		{"several: the earliest counts", late.file(t, early), testStart.Add(30 * time.Hour)},
		{"one has ended", late.file(t, ended, early), testStart},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+down.URL+"\n  http: {tls_config: {ca_file: "+c.file+"}}\n")
			got := e.scrapeNow(t, "api")
			got.wantReason(t, reasonRefused) // known all the same
			got.wantSamples(t, map[string]float64{"registry_tls_ca_expiry_timestamp_seconds{": float64(c.end.Unix())})
		})
	}
}

func TestHTTPSProxyIsVerifiedByItsOwnName(t *testing.T) {
	ca := newAuthority(t, "CA", nil)
	server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, forNames("127.0.0.1"))}}, openRegistry)
	proxy := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, forNames("localhost"))}}, connectTo)
	_, port, _ := strings.Cut(proxy.Listener.Addr().String(), ":")
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {proxy_url: https://localhost:"+port+", tls_config: {ca_file: "+ca.file(t)+"}}\n")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_tls_verified{": 1})
}

// An HTTPS proxy shows a certificate too. That of the registry is known only behind it.
func TestCertificateOfAProxyIsNotThatOfTheRegistry(t *testing.T) {
	ca := newAuthority(t, "CA", nil)
	ofProxy, ofServer := testStart.Add(-time.Hour), testStart.Add(-2*time.Hour)
	forbid := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	hangUp := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, forNames("localhost"), valid(ofServer, testEnd))}}, openRegistry)
	byName := func(s *httptest.Server) string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }
	stranger := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "unknown", nil).issue(t, forNames("localhost"), valid(ofServer, testEnd))}}, openRegistry)
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
		{"connects to one whose certificate is refused", byName(stranger), connectTo, "127.0.0.1", reasonTLSUnknownAuthority, 0, true, false},
		{"does not connect", byName(server), forbid, "127.0.0.1", reasonForbidden, 0, false, false},
		{"hangs up", byName(server), hangUp, "127.0.0.1", reasonShortRead, 0, false, false},
		{"the registry has no TLS", "http://registry.invalid", openRegistry, "127.0.0.1", "", 0, false, false},
		{"is not who it should be", byName(server), connectTo, "localhost", reasonTLSNoIPSAN, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, forNames(c.proxyNames), valid(ofProxy, testEnd))}}, c.proxy)
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+c.url+"\n  http: {proxy_url: "+proxy.URL+", tls_config: {ca_file: "+ca.file(t)+"}}\n")
			got := e.scrapeNow(t, "api")
			got.wantReason(t, c.reason)
			if c.certificate {
				got.wantSamples(t, map[string]float64{"registry_tls_verified{": c.verified, "registry_tls_start_timestamp_seconds{": unix(ofServer)})
			} else {
				got.wantNone(t, "registry_tls_verified{", "registry_tls_start_timestamp_seconds{", "registry_tls_expiry_timestamp_seconds{")
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

// connectTo is a proxy that connects to whatever it is asked to.
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

func TestProxyRefuses(t *testing.T) {
	for status, reason := range map[int]string{
		http.StatusProxyAuthRequired:  reasonClientError,
		http.StatusForbidden:          reasonForbidden,
		http.StatusBadGateway:         reasonServerError,
		http.StatusServiceUnavailable: reasonUnavailable,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			defer proxy.Close()
			e := newTestExporter(t, "registries:\n- name: hub\n  url: https://registry.invalid\n  http: {proxy_url: "+proxy.URL+"}\n")
			e.scrapeNow(t, "api").wantReason(t, reason)
		})
	}
}

// TestTLSPage is the whole page of a front with TLS, its names and the CA file.
func TestTLSPage(t *testing.T) {
	years := valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC))
	ca := newAuthority(t, "CA", nil, valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC)))
	shown := ca.issue(t, years, forNames("registry.example.org", "127.0.0.1"))
	server := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{shown}}, openRegistry)
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  tls: {names: [registry.example.org, 10.0.0.5]}\n  http: {tls_config: {ca_file: "+ca.file(t)+"}}\n")
	comparePage(t, filepath.Join("testdata", "tls", "one_name_not_covered"),
		e.testPage(t, "api", map[string]string{server.Listener.Addr().String(): "registry.example.org:443"}))
}
