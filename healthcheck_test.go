package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// checkHealth runs the subcommand healthcheck with flags of an exporter.
func checkHealth(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return execute(t, append([]string{"healthcheck"}, args...)...)
}

func TestHealthcheckOfAnExporterThatRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ web, scheme, answer string }{
		"plain":                                {"", "http", "200 OK"},
		"TLS":                                  {serverFiles(t, ""), "https", "200 OK"},
		"TLS and a login":                      {serverFiles(t, users), "https", "401 Unauthorized"},
		"a login without TLS":                  {writeFile(t, "web.yml", users), "http", "401 Unauthorized"},
		"TLS that wants a certificate of ours": {clientCertificates(t, "RequireAnyClientCert"), "https", "tls: certificate required"},
		"TLS that would take one":              {clientCertificates(t, "RequestClientCert"), "https", "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startHub(t, "--web.config.file="+c.web)
			stdout, stderr, code := checkHealth(t, "--web.listen-address="+p.address, "--web.config.file="+c.web)
			if want := "healthy: " + c.scheme + "://" + p.address + "/-/healthy: " + c.answer + "\n"; code != 0 || stdout != want || stderr != "" {
				t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, want)
			}
		})
	}
}

// healthcheck takes the flags of the exporter, which say where it listens.
func TestWhereHealthcheckAsks(t *testing.T) {
	t.Parallel()
	p := startHub(t)
	_, port, err := net.SplitHostPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	local := "healthy: http://localhost:" + port + "/-/healthy: 200 OK\n"
	there := "healthy: http://" + p.address + "/-/healthy: 200 OK\n"
	listen := "--web.listen-address="
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"every address":                 {[]string{listen + ":" + port}, local},
		"every IPv4 address":            {[]string{listen + "0.0.0.0:" + port}, local},
		"every IPv6 address":            {[]string{listen + "[::]:" + port}, local},
		"the first of two":              {[]string{listen + p.address, listen + "127.0.0.1:1"}, there},
		"its configuration is not read": {[]string{listen + p.address, "--config.file=/none.yml"}, there},
	} {
		t.Run(name, func(t *testing.T) {
			if stdout, stderr, code := checkHealth(t, c.args...); code != 0 || stdout != c.want {
				t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

// Docker runs a health check with the environment of the container, and without its arguments.
func TestHealthcheckTakesTheEnvironment(t *testing.T) {
	p := startHub(t)
	t.Setenv("REGISTRY_EXPORTER_WEB_LISTEN_ADDRESS", p.address)
	if stdout, stderr, code := checkHealth(t); code != 0 || !strings.Contains(stdout, p.address) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestHealthcheckFails(t *testing.T) {
	t.Parallel()
	healthy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(healthy.Close)
	for name, c := range map[string]struct {
		web, want string
		handler   http.HandlerFunc
	}{
		"it hangs":               {want: "Timeout exceeded", handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"another program":        {want: "/-/healthy: 404 Not Found", handler: http.NotFound},
		"it is overloaded":       {want: "/-/healthy: 503 Service Unavailable", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		"it sends us elsewhere":  {want: "/-/healthy: 302 Found", handler: http.RedirectHandler(healthy.URL, http.StatusFound).ServeHTTP},
		"TLS is asked of no TLS": {web: serverFiles(t, ""), want: "server gave HTTP response to HTTPS client", handler: http.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			stdout, stderr, code := checkHealth(t, "--web.listen-address="+server.Listener.Addr().String(), "--web.config.file="+c.web)
			wantUnhealthy(t, stdout, stderr, code, c.want)
		})
	}
}

func TestHealthcheckOfNobody(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := checkHealth(t, "--web.listen-address=127.0.0.1:1")
	wantUnhealthy(t, stdout, stderr, code, "127.0.0.1:1: connect: connection refused")
}

func wantUnhealthy(t *testing.T, stdout, stderr string, code int, words string) {
	t.Helper()
	oneLine := strings.Count(stderr, "\n") == 1 && strings.HasPrefix(stderr, "registry_exporter: unhealthy: ")
	if code != 1 || stdout != "" || !oneLine || !strings.Contains(stderr, words) {
		t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, words)
	}
}

// A server that has lost its certificate is not healthy, though it answers with a TLS alert.
func TestHealthcheckAfterTheCertificateIsLost(t *testing.T) {
	t.Parallel()
	web := serverFiles(t, "")
	p := startHub(t, "--web.config.file="+web)
	fetch(t, trusting, http.MethodGet, "https://"+p.address+"/-/ready") // the answer shows that the exporter has read its files
	if err := os.WriteFile(web, []byte("tls_server_config: {cert_file: none.pem, key_file: none.pem}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := checkHealth(t, "--web.listen-address="+p.address, "--web.config.file="+web)
	wantUnhealthy(t, stdout, stderr, code, "remote error: tls: internal error")
}

// clientCertificates writes a toolkit configuration that asks clients for a certificate.
func clientCertificates(t *testing.T, how string) (webConfigFile string) {
	t.Helper()
	web, err := os.ReadFile(serverFiles(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "web.yml", strings.Replace(string(web), "}", ", client_auth_type: "+how+"}", 1))
}
