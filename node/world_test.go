package node

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"registry_exporter/collector/testserver"
)

// address is that of the registry in most tests, which a proxy leads to.
const address = "10.0.0.5:5000"

// A world is a root file system, and a registry.
type world struct {
	t      *testing.T
	root   string
	ca     *testserver.Authority
	server *httptest.Server
	proxy  string
	seen   testserver.Recorder
}

// The files of a world may be one of these instead of a text.
const (
	theCA      = "@ca"    // the CA of the registry in PEM
	otherCA    = "@other" // another CA
	derCA      = "@der"   // the CA of the registry in DER
	clientCert = "@cert"  // a client certificate
	clientKey  = "@key"   // its key
)

// newWorld starts a registry with a certificate for names, or over plain HTTP without any.
func newWorld(t *testing.T, handler http.HandlerFunc, names ...string) *world {
	t.Helper()
	w := &world{t: t, root: t.TempDir(), ca: testserver.NewAuthority(t, "Example CA", nil)}
	if len(names) == 0 {
		w.server = httptest.NewServer(w.seen.Record(handler))
		t.Cleanup(w.server.Close)
	} else {
		w.server = testserver.Showing(t, w.ca.Issue(t, testserver.ForNames(names...)), w.seen.Record(handler))
	}
	w.proxy = newProxy(t, w.server.Listener.Addr().String())
	for _, unit := range []string{"docker", "containerd", "k3s", "rke2", "crio"} {
		w.write("/etc/systemd/system/"+unit+".service.d/proxy.conf", "[Service]\nEnvironment=\"HTTPS_PROXY="+w.proxy+"\" \"HTTP_PROXY="+w.proxy+"\"\n")
	}
	return w
}

// newProxy leads all requests to one address.
func newProxy(t *testing.T, to string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			r.URL.Host, r.RequestURI = to, ""
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			for name, values := range resp.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body)
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			there.Close()
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); there.Close() }()
		_, _ = io.Copy(here, there)
		here.Close()
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// write writes a file of the root.
func (w *world) write(path, text string) {
	w.t.Helper()
	client := func() (string, string) {
		cert, key := testserver.KeyPairFiles(w.t, w.ca.Issue(w.t))
		return w.read(cert), w.read(key)
	}
	switch text {
	case theCA:
		text = w.read(w.ca.File(w.t))
	case otherCA:
		text = w.read(testserver.NewAuthority(w.t, "Another CA", nil).File(w.t))
	case derCA:
		block, _ := pem.Decode([]byte(w.read(w.ca.File(w.t))))
		text = string(block.Bytes)
	case clientCert:
		text, _ = client()
	case clientKey:
		_, text = client()
	}
	file := filepath.Join(w.root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(file string) string {
	w.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// pairFiles writes a client certificate and its key.
func (w *world) pairFiles(cert, key string) {
	w.t.Helper()
	c, k := testserver.KeyPairFiles(w.t, w.ca.Issue(w.t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	w.write(cert, w.read(c))
	w.write(key, w.read(k))
}

// look is the verdict of a runtime on a registry.
func (w *world) look(runtime, registry, image string) *Verdict {
	w.t.Helper()
	r, err := ByAddress(registry)
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := Look(w.t.Context(), Options{Root: w.root, Registries: []*Registry{r}, Image: image})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range report.Verdicts {
		if v.Runtime == runtime {
			return v
		}
	}
	w.t.Fatalf("there is no verdict of %s: %q", runtime, report.Runtimes)
	return nil
}

// A sad is a mistake on a node, and the verdict.
type sad struct {
	name    string
	files   map[string]string
	names   []string // of the certificate; nil: 10.0.0.5; empty: plain HTTP
	handler http.HandlerFunc
	image   string
	state   string // default: failed
	reason  string
	what    string // a part of what is said
	try     string // a part of the command
}

// check looks with a runtime at each mistake.
func check(t *testing.T, runtime string, cases []sad) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.names == nil {
				c.names = []string{"10.0.0.5"}
			}
			if c.handler == nil {
				c.handler = testserver.OpenRegistry
			}
			w := newWorld(t, c.handler, c.names...)
			for path, text := range c.files {
				w.write(path, text)
			}
			want(t, w.look(runtime, address, c.image), c)
		})
	}
}

func want(t *testing.T, v *Verdict, c sad) {
	t.Helper()
	if c.state == "" {
		c.state = StateFailed
	}
	said, tried := v.What, v.Try
	for _, n := range v.Notes {
		said, tried = said+"\n"+n.What, tried+"\n"+n.Try
	}
	if v.State != c.state || v.Reason != c.reason || !strings.Contains(said, c.what) || !strings.Contains(tried, c.try) {
		t.Errorf("it says %s %q\n%s\ntry: %s\nwant %s %q\n%s\ntry: %s", v.State, v.Reason, said, tried, c.state, c.reason, c.what, c.try)
	}
}

// withImage answers as a registry that has the image library/base:1.0 below a path.
func withImage(below string) http.HandlerFunc {
	config, layer := []byte(`{}`), []byte("layer")
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":%q,"size":%d}]}`,
		digest.FromBytes(config), len(config), digest.FromBytes(layer), len(layer))
	return func(w http.ResponseWriter, r *http.Request) {
		rest, found := strings.CutPrefix(r.URL.Path, below+"/library/base/")
		switch {
		case r.URL.Path == "/v2/":
			testserver.OpenRegistry(w, r)
		case found && (rest == "manifests/1.0" || rest == "manifests/"+digest.FromBytes(manifest).String()):
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			w.Header().Set("Docker-Content-Digest", digest.FromBytes(manifest).String())
			w.Header().Set("Content-Length", fmt.Sprint(len(manifest)))
			_, _ = w.Write(manifest)
		case found && rest == "blobs/"+digest.FromBytes(config).String(), found && rest == "blobs/"+digest.FromBytes(layer).String():
			w.WriteHeader(http.StatusOK)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// wantsBasic answers as a registry that wants a user and a password.
func wantsBasic(w http.ResponseWriter, r *http.Request) {
	if user, pass, _ := r.BasicAuth(); user == "me" && pass == "correct horse" {
		withImage("/v2")(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// wantsCertificate makes the registry ask for a client certificate.
func (w *world) wantsCertificate() {
	w.server.TLS.ClientAuth, w.server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, w.ca.Pool()
}
