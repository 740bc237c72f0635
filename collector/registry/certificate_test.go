package registry

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	promconfig "github.com/prometheus/common/config"
)

func TestServedCertificate(t *testing.T) {
	root := testserver.NewAuthority(t, "root", nil)
	other := testserver.NewAuthority(t, "another root", nil)
	middle := testserver.NewAuthority(t, "intermediate", root)
	short := testserver.NewAuthority(t, "intermediate that ends soon", root, testserver.Valid(testserver.Start, testserver.Start.Add(36*time.Hour)))
	leaf := func(by *testserver.Authority, changes ...func(*x509.Certificate)) tls.Certificate {
		return by.Issue(t, append(changes, testserver.ForNames("127.0.0.1"))...)
	}
	yesterday, tomorrow := testserver.Start, testserver.End
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
		{name: "good with intermediate", shown: testserver.With(leaf(middle), middle), verified: 1},
		{name: "intermediate ends before leaf", shown: testserver.With(leaf(short), short), verified: 1, expiry: testserver.Start.Add(36 * time.Hour)},
		{name: "expired", shown: leaf(root, testserver.Valid(yesterday.Add(-time.Hour), yesterday)), reason: source.ReasonTLSExpired, start: yesterday.Add(-time.Hour), expiry: yesterday},
		{name: "not yet valid", shown: leaf(root, testserver.Valid(tomorrow, tomorrow.Add(time.Hour))), reason: source.ReasonTLSNotYetValid, start: tomorrow, expiry: tomorrow.Add(time.Hour)},
		{name: "wrong name", shown: root.Issue(t, testserver.ForNames("other.example.org", "10.0.0.1")), reason: source.ReasonTLSHostname},
		{name: "address without IP SAN", shown: root.Issue(t, testserver.ForNames("registry.example.org")), reason: source.ReasonTLSNoIPSAN},
		{name: "unknown CA", shown: leaf(other), reason: source.ReasonTLSUnknownAuthority},
		{name: "self-signed", shown: testserver.NewAuthority(t, "self", nil, testserver.ForNames("127.0.0.1")).Self(), reason: source.ReasonTLSUnknownAuthority},
		{name: "missing intermediate", shown: leaf(middle), reason: source.ReasonTLSUnknownAuthority},
		{name: "not for servers", shown: leaf(root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), reason: source.ReasonTLSOther},
		{name: "server_name of the certificate", shown: root.Issue(t, testserver.ForNames("registry.example.org")), tls: "server_name: registry.example.org", verified: 1},
		{name: "server_name not of the certificate", shown: leaf(root), tls: "server_name: registry.example.org", reason: source.ReasonTLSHostname},
	} {
		for _, insecure := range []bool{false, true} {
			name := c.name
			if insecure {
				name = "insecure_skip_verify/" + name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := testserver.Showing(t, c.shown, openRegistry)
				e := collect(t, "api", "", fmt.Sprintf("registries:\n- name: hub\n  url: %s\n  http: {tls_config: {ca_file: %s, insecure_skip_verify: %t, %s}}\n",
					server.URL, root.File(t), insecure, c.tls))
				got := e.scrape(t)
				want := c.reason
				if insecure {
					want = ""
				}
				got.wantReason(t, want)
				start, expiry := c.start, c.expiry
				if start.IsZero() {
					start = testserver.Start
				}
				if expiry.IsZero() {
					expiry = testserver.End
				}
				got.wantSamples(t, map[string]float64{
					"registry_api_up{":                          source.Bool01(want == ""),
					"registry_tls_verified{":                    c.verified,
					"registry_tls_start_timestamp_seconds{":     float64(start.Unix()),
					"registry_tls_expiry_timestamp_seconds{":    float64(expiry.Unix()),
					"registry_tls_ca_expiry_timestamp_seconds{": float64(testserver.End.Unix()),
				})
			})
		}
	}
}

// A server that shares no TLS version or cipher with the exporter says "handshake failure", too.
func TestHandshakeFailureWithoutACertificateRequest(t *testing.T) {
	server := testserver.TLS(t, &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{
				Certificates: []tls.Certificate{testserver.NewAuthority(t, "CA", nil).Issue(t)},
				MaxVersion:   tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
			}, nil
		},
	}, openRegistry)
	e := collectHub(t, "api", server.URL, "")
	got := e.scrape(t)
	got.wantReason(t, source.ReasonTLSOther)
	got.wantNone(t, "registry_tls_")
}

func TestWordsOfNginxAboutTLS(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	for _, c := range []struct{ words, reason string }{
		{"No required SSL certificate was sent", source.ReasonTLSClientCert},
		{"The SSL certificate error", source.ReasonTLSClientCert},
		{"The plain HTTP request was sent to HTTPS port", source.ReasonHTTPOnHTTPS},
		{"Request Header Or Cookie Too Large", source.ReasonClientError},
	} {
		t.Run(c.words, func(t *testing.T) {
			server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, "<html>\n<head><title>400 %s</title></head>\n<body>\n<center><h1>400 Bad Request</h1></center>\n<center>%s</center>\n<hr><center>nginx/1.22.1</center>\n</body>\n</html>\n", c.words, c.words)
			})
			e := collectHub(t, "api", server.URL, "  http: {tls_config: {ca_file: "+ca.File(t)+"}}\n")
			got := e.scrape(t)
			got.wantReason(t, c.reason)
			got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400, "registry_tls_verified{": 1})
		})
	}
}

func TestHTTPOnATLSPort(t *testing.T) {
	server := testserver.Showing(t, testserver.NewAuthority(t, "CA", nil).Issue(t), openRegistry)
	e := collectHub(t, "api", "http://"+server.Listener.Addr().String(), "")
	got := e.scrape(t)
	got.wantReason(t, source.ReasonHTTPOnHTTPS)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 0, "registry_api_status_code{": 400})
	got.wantNone(t, "registry_tls_")
}

func TestTLSOnAPlainPort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(openRegistry))
	defer server.Close()
	e := collectHub(t, "api", "https://"+server.Listener.Addr().String(), "")
	got := e.scrape(t)
	got.wantReason(t, source.ReasonHTTPSOnHTTP)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 0})
	got.wantNone(t, "registry_tls_", "registry_api_status_code{")
}

// While a CA is replaced, a server may show a leaf with two chains. The leaf verifies until both chains have expired.
func TestExpiryIsThatOfTheChainThatLastsLongest(t *testing.T) {
	oldRoot := testserver.NewAuthority(t, "old root", nil, testserver.Valid(testserver.Start, testserver.Start.Add(30*time.Hour)))
	newRoot := testserver.NewAuthority(t, "new root", nil)
	middle := testserver.NewAuthority(t, "intermediate", newRoot, testserver.Valid(testserver.Start, testserver.Start.Add(36*time.Hour)))
	crossed := middle.Crossed(t, oldRoot)
	server := testserver.TLS(t, &tls.Config{
		Certificates: []tls.Certificate{testserver.With(middle.Issue(t, testserver.ForNames("127.0.0.1")), crossed, middle)},
	}, openRegistry)
	for _, c := range []struct {
		name, ca string
		expiry   time.Time
		caEnd    time.Time
	}{
		{"both roots trusted", oldRoot.File(t, newRoot), testserver.Start.Add(36 * time.Hour), testserver.End},
		{"only the old root trusted", oldRoot.File(t), testserver.Start.Add(30 * time.Hour), testserver.Start.Add(30 * time.Hour)},
		{"only the new root trusted", newRoot.File(t), testserver.Start.Add(36 * time.Hour), testserver.End},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := collectHub(t, "api", server.URL, "  http: {tls_config: {ca_file: "+c.ca+"}}\n")
			e.scrape(t).wantSamples(t, map[string]float64{
				"registry_tls_verified{":                    1,
				"registry_tls_expiry_timestamp_seconds{":    float64(c.expiry.Unix()),
				"registry_tls_ca_expiry_timestamp_seconds{": float64(c.caEnd.Unix()),
			})
		})
	}
}

func TestNamesThatTheCertificateCovers(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	shown := ca.Issue(t, testserver.ForNames("registry.example.org", "*.mirror.example.org", "127.0.0.1", "2001:db8::5"))
	server := testserver.Showing(t, shown, openRegistry)
	backend := testserver.Showing(t, shown, openRegistry)
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
			trust = "\n  http: {tls_config: {ca_file: " + ca.File(t) + "}}"
		}
		e := collectHub(t, "api", server.URL, "  backends: ["+backend.URL+"]\n  tls: {names: ["+strings.Join(names, ", ")+"]}"+trust+"\n")
		got := e.scrape(t)
		for name, covered := range want {
			got.wantSamples(t, map[string]float64{fmt.Sprintf("registry_tls_name_covered{address=%q,name=%q}", server.Listener.Addr(), name): covered})
		}
		got.wantNone(t, fmt.Sprintf("registry_tls_name_covered{address=%q", backend.Listener.Addr()))
		got.wantSamples(t, map[string]float64{fmt.Sprintf("registry_tls_verified{address=%q", server.Listener.Addr()): source.Bool01(verified)})
	}
}

func TestCAFile(t *testing.T) {
	early := testserver.NewAuthority(t, "ends early", nil, testserver.Valid(testserver.Start, testserver.Start.Add(30*time.Hour)))
	ended := testserver.NewAuthority(t, "has ended", nil, testserver.Valid(testserver.Start.Add(-time.Hour), testserver.Start))
	late := testserver.NewAuthority(t, "ends late", nil)
	for _, c := range []struct {
		name, file string
		end        time.Time
	}{
		{"one", late.File(t), testserver.End},
		{"several: the latest counts", early.File(t, late), testserver.End},
		{"one has ended", early.File(t, ended), testserver.Start.Add(30 * time.Hour)},
		{"all have ended", ended.File(t), testserver.Start},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := collectHub(t, "api", "http://127.0.0.1:1", "  http: {tls_config: {ca_file: "+c.file+"}}\n")
			got := e.scrape(t)
			got.wantReason(t, source.ReasonRefused) // the end of the CA is known without an answer
			got.wantSamples(t, map[string]float64{"registry_tls_ca_expiry_timestamp_seconds{": float64(c.end.Unix())})
		})
	}
}

// Go does not read certificates with a negative serial number, as old bundles have. The exporter uses the others, and
// warns.
func TestCAFileWithACertificateThatCannotBeRead(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	good, err := os.ReadFile(ca.File(t))
	if err != nil {
		t.Fatal(err)
	}
	bad := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")})
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), openRegistry)
	e := collectHub(t, "api", server.URL, "  http: {tls_config: {ca_file: "+testserver.TempFile(t, "ca.pem", append(bad, good...))+"}}\n")
	e.scrape(t).wantSamples(t, map[string]float64{"registry_tls_verified{": 1, "registry_tls_ca_expiry_timestamp_seconds{": float64(testserver.End.Unix())})

	f, err := ask.NewCAs().Read(&promconfig.TLSConfig{CA: string(append(bad, good...))})
	if err != nil || f.Skipped != 1 || !f.Found() {
		t.Fatalf("%+v, %v", f, err)
	}
	if found := (&api{Account: &ask.Account{Client: &ask.Client{URL: &url.URL{}}}, ca: *f}).findings(&source.View{}, source.Result{Source: &source.Source{}}); len(found) != 1 || found[0].State != source.StateWarning {
		t.Errorf("findings: %+v", found)
	}
	if _, err := ask.NewCAs().Read(&promconfig.TLSConfig{CA: string(bad)}); err == nil {
		t.Error("a file without any that can be read is taken")
	}
}
