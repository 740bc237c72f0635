package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	p := startHub(t)
	for _, c := range []struct {
		method, path string
		status       int
		words        string
	}{
		{"GET", "/", 200, `href="probe?registry=hub"`},
		{"GET", "/", 200, `href="runbooks/"`},
		{"GET", "/metrics", 200, `registry_api_up{address="127.0.0.1:1",registry="hub",role="front"} 0`},
		{"GET", "/metrics", 200, `registry_exporter_web_info{external_url="http://127.0.0.1:0"} 1`},
		{"GET", "/probe?registry=hub", 200, `registry_passive{registry="hub"} 0`},
		{"GET", "/sd", 200, `"__param_registry":"hub"`},
		{"GET", "/config", 200, "name: hub"},
		{"GET", "/runbooks/", 200, `<a href="RegistryDown.md">RegistryDown</a>`},
		{"GET", "/runbooks/registrydown", 200, "<h1>RegistryDown</h1>"},
		{"GET", "/runbooks/RegistryDown?registry=hub", 200, "<b>hub now:</b>"},
		{"GET", "/runbooks/RegistryDown?registry=hub", 200, "curl -sSi http://127.0.0.1:1/v2/"},
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/-/ready", 200, "ready"},
		{"POST", "/-/reload", 403, "--web.enable-lifecycle"},
		{"GET", "/-/reload", 405, "Method Not Allowed"},
		{"POST", "/metrics", 405, "Method Not Allowed"},
		{"POST", "/probe?registry=hub", 405, "Method Not Allowed"},
		{"DELETE", "/config", 405, "Method Not Allowed"},
		{"GET", "/elsewhere", 404, "not found"},
		{"GET", "/runbooks/elsewhere", 404, "no such runbook"},
		{"GET", "/debug/pprof/", 404, "not found"},
		{"GET", "/debug/pprof/cmdline", 404, "not found"},
		{"GET", "/debug/vars", 404, "not found"},
	} {
		status, page := fetch(t, http.DefaultClient, c.method, "http://"+p.address+c.path)
		if status != c.status || !strings.Contains(page, c.words) {
			t.Errorf("%s %s: %d, want %d with %q in\n%s", c.method, c.path, status, c.status, c.words, page)
		}
	}
}

func TestMetricsWithoutRegistries(t *testing.T) {
	t.Parallel()
	p := startHub(t, "--no-web.metrics-registries")
	status, page := p.get(t, "/metrics")
	if status != http.StatusOK || strings.Contains(page, `registry="hub"`) || !strings.Contains(page, "registry_exporter_build_info{") {
		t.Errorf("%d\n%s", status, page)
	}
}

func TestProfilesByFlagOnly(t *testing.T) {
	t.Parallel()
	p := startHub(t, "--web.enable-pprof")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=1"} {
		if status, page := p.get(t, path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
}

func TestHangupReloads(t *testing.T) {
	t.Parallel()
	config := writeFile(t, "hub.yml", hub(nobody))
	p := start(t, config)
	reload := func(text, words string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.waitFor(t, words)
	}
	reload(hub(nobody)+"  site: eqiad\n", "configuration loaded")
	if _, page := p.get(t, "/sd"); !strings.Contains(page, `"hub@eqiad"`) {
		t.Errorf("not reloaded: %s", page)
	}
	reload("registries: [", "reload failed, the old configuration stays in force")
	if _, page := p.get(t, "/sd"); !strings.Contains(page, `"hub@eqiad"`) {
		t.Errorf("the old configuration is gone: %s", page)
	}
}

func TestNameIsThatOfWhatIsPushed(t *testing.T) {
	t.Parallel()
	pushed := make(chan string, 100)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // otherwise the connection is reset while the exporter still sends a layer
		w.Header().Set("Location", "/upload")
		status := http.StatusCreated
		switch r.Method {
		case http.MethodHead: // the registry has no image yet
			status = http.StatusNotFound
		case http.MethodPost, http.MethodPatch:
			status = http.StatusAccepted
		}
		w.WriteHeader(status)
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			pushed <- r.URL.Path
		}
	}))
	defer registry.Close()
	start(t, writeFile(t, "hub.yml", hub(registry.URL)+"  push: {repository: monitoring/canary, mode: image}\n"), "--exporter.name=cluster-a")
	if path := <-pushed; path != "/v2/monitoring/canary/manifests/canary-cluster-a" {
		t.Errorf("pushed is %s", path)
	}
}

func TestNoClientHoldsTheServerForEver(t *testing.T) {
	server := newServer(http.NotFoundHandler(), newLogging("info", "logfmt", io.Discard))
	const longestScrape = 2*time.Minute + 30*time.Second // and its page
	for name, limit := range map[string]time.Duration{"ReadTimeout": server.ReadTimeout, "WriteTimeout": server.WriteTimeout} {
		if limit <= longestScrape {
			t.Errorf("%s is %s: none, or less than a scrape may take", name, limit)
		}
	}
	if server.ReadHeaderTimeout <= 0 || server.IdleTimeout <= 0 {
		t.Errorf("ReadHeaderTimeout is %s, IdleTimeout %s", server.ReadHeaderTimeout, server.IdleTimeout)
	}
}

func TestTLSAndBasicAuthOfItsOwn(t *testing.T) {
	t.Parallel()
	web := serverFiles(t, users)
	p := startHub(t, "--web.config.file="+web)
	if status, _ := fetch(t, trusting, http.MethodGet, "https://"+p.address+"/metrics"); status != http.StatusUnauthorized {
		t.Errorf("without a password: %d", status)
	}
	status, page := fetch(t, trusting, http.MethodGet, "https://prometheus:monitor@"+p.address+"/sd")
	if status != http.StatusOK || !strings.Contains(page, `"__scheme__":"https"`) {
		t.Errorf("with a password: %d %s", status, page)
	}
	if resp, err := http.Get("http://" + p.address + "/-/healthy"); err == nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("answers without TLS too")
		}
	}
}

// users lets the user prometheus in, with the password monitor.
const users = "basic_auth_users: {prometheus: $2a$04$5a0BBIsQhp3rTa4BMXGp5OlzdMPmY1RsSHAPqF3NqJ8i1vJZxixaq}\n"

// trusting is a client that accepts any certificate.
var trusting = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}

// serverFiles writes a certificate, its key, and a toolkit configuration with both.
func serverFiles(t *testing.T, more string) (webConfigFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile := writeFile(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	keyFile := writeFile(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return writeFile(t, "web.yml", "tls_server_config: {cert_file: "+certFile+", key_file: "+keyFile+"}\n"+more)
}
