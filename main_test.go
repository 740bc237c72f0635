package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logfmt/logfmt"
)

// asExporter in the environment makes this test binary be the exporter.
const asExporter = "TEST_AS_EXPORTER"

func TestMain(m *testing.M) {
	if os.Getenv(asExporter) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asExporter+"=1")
	return cmd
}

// execute runs the exporter to its end.
func execute(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// hub is the configuration of one registry at a URL.
func hub(url string) string { return "registries:\n- name: hub\n  url: " + url + "\n" }

// nobody is an address where nobody answers.
const nobody = "http://127.0.0.1:1"

// A process is an exporter that serves.
type process struct {
	cmd     *exec.Cmd
	address string

	mu  sync.Mutex
	log []string
	eof chan struct{}
}

var listening = regexp.MustCompile(`address"?[=:]"?(127\.0\.0\.1:\d+)`)

// start runs the exporter until it listens. It is killed with the test, unless it has ended.
func start(t *testing.T, config string, args ...string) *process {
	t.Helper()
	p := &process{eof: make(chan struct{})}
	p.cmd = command(t, append([]string{"--config.file=" + config, "--web.listen-address=127.0.0.1:0"}, args...)...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	go p.follow(stderr, addresses)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.eof
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("log:\n%s", strings.Join(p.lines(), "\n"))
		}
	})
	select {
	case p.address = <-addresses:
	case <-p.eof:
		t.Fatal("ended before it listened")
	case <-time.After(time.Minute):
		t.Fatal("does not listen")
	}
	return p
}

func (p *process) follow(stderr io.Reader, addresses chan<- string) {
	defer close(p.eof)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.mu.Unlock()
		if m := listening.FindStringSubmatch(lines.Text()); m != nil && strings.Contains(lines.Text(), "Listening on") {
			addresses <- m[1]
		}
	}
}

func (p *process) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.log...)
}

// waitFor waits until the log has a line with these words.
func (p *process) waitFor(t *testing.T, words string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(strings.Join(p.lines(), "\n"), words) {
			return
		}
	}
	t.Fatalf("no line with %q in the log", words)
}

// end sends TERM and returns the exit code and how long the process went on.
func (p *process) end(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.eof
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode(), time.Since(begin)
}

func (p *process) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return fetch(t, http.DefaultClient, http.MethodGet, "http://"+p.address+path)
}

func fetch(t *testing.T, c *http.Client, method, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestVersionAndHelpGoToStdout(t *testing.T) {
	for flag, want := range map[string]string{"--version": "registry_exporter, version", "--help": "usage: registry_exporter"} {
		stdout, stderr, code := execute(t, flag)
		if code != 0 || !strings.HasPrefix(stdout, want) || stderr != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", flag, code, stdout, stderr)
		}
	}
}

func TestWhatDoesNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	good := writeFile(t, "good.yml", hub(nobody))
	bad := writeFile(t, "bad.yml", "registries:\n- nmae: hub\n")
	noCA := writeFile(t, "ca.yml", hub(nobody)+"  http:\n    tls_config:\n      ca_file: none.pem\n")
	web := writeFile(t, "web.yml", "tls_server_config: {cert_file: none.pem, key_file: none.pem}\n")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":             {[]string{"--confg.file=" + good}, "unknown long flag '--confg.file'; see --help"},
		"argument that is no flag": {[]string{good}, "unexpected " + good + "; see --help"},
		"unknown log level":        {[]string{"--log.level=loud"}, "enum value must be one of debug,info,warn,error, got 'loud'; see --help"},
		"no file":                  {[]string{"--config.file=/none.yml"}, "reading the configuration: open /none.yml: no such file or directory"},
		"mistake in the file":      {[]string{"--config.file=" + bad}, bad + ":2: registries[0].nmae: unknown key: must be one of: "},
		"mistake, only checked":    {[]string{"--config.file=" + bad, "--config.check"}, bad + ":2: registries[0].nmae: unknown key: must be one of: "},
		"CA file is not there":     {[]string{"--config.file=" + noCA, "--config.check"}, noCA + ":6: registries[0].http.tls_config"},
		"web file is not there":    {[]string{"--config.file=" + good, "--web.config.file=/none.yml"}, "open /none.yml: no such file or directory"},
		"web certificate missing":  {[]string{"--config.file=" + good, "--web.config.file=" + web, "--config.check"}, "none.pem: no such file or directory"},
		"external URL is not one":  {[]string{"--config.file=" + good, "--web.external-url=exporter:10500"}, "--web.external-url must be a URL such as https://exporter.example.org:10500"},
		"state is no folder":       {[]string{"--config.file=" + good, "--state.dir=" + good, "--config.check"}, "--state.dir: making the folder: mkdir " + good + ": not a directory"},
		"state cannot be written":  {[]string{"--config.file=" + good, "--state.dir=/proc/self"}, "--state.dir: creating a file: open /proc/self/usable-"},
		"port in use":              {[]string{"--config.file=" + good, "--web.listen-address=" + taken.Addr().String()}, "bind: address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := execute(t, c.args...)
			if code != 1 || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestNameIsThatOfWhatIsPushed(t *testing.T) {
	t.Parallel()
	pushed := make(chan string, 100)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/upload")
		status := http.StatusCreated
		if r.Method == http.MethodPost {
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

func TestGoodConfigurationIsChecked(t *testing.T) {
	file := writeFile(t, "good.yml", hub(nobody))
	stdout, stderr, code := execute(t, "--config.file="+file, "--config.check")
	if code != 0 || stdout != file+": all good\n" || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	help, _, _ := execute(t, "--help")
	flags := regexp.MustCompile(`(?m)^ {2,6}(?:-h, )?--(?:\[no-\])?([a-z.-]+)`).FindAllStringSubmatch(help, -1)
	if len(flags) < 11 {
		t.Fatalf("only %d flags in %s", len(flags), help)
	}
	for _, flag := range flags {
		name := "REGISTRY_EXPORTER_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flag[1]))
		if flag[1] != "help" && flag[1] != "version" && !strings.Contains(strings.Join(strings.Fields(help), ""), "($"+name+")") {
			t.Errorf("--%s: no %s in the help", flag[1], name)
		}
	}
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"CONFIG_FILE": "/etc/hub.yml", "CONFIG_CHECK": "true", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
		"WEB_EXTERNAL_URL": "https://exporter.example.org/", "WEB_METRICS_REGISTRIES": "false", "WEB_ENABLE_PPROF": "true",
		"WEB_LISTEN_ADDRESS": "127.0.0.1:1\n127.0.0.1:2", "WEB_CONFIG_FILE": "/etc/web.yml", "WEB_SYSTEMD_SOCKET": "true",
	} {
		t.Setenv("REGISTRY_EXPORTER_"+name, value)
	}
	f, err := parseFlags(nil, io.Discard, io.Discard)
	switch {
	case err != nil:
		t.Fatal(err)
	case f.configFile != "/etc/hub.yml", !f.check, f.logLevel != "debug", f.logFormat != "json",
		f.externalURL != "https://exporter.example.org", f.registries, !f.pprof,
		len(*f.web.WebListenAddresses) != 2, *f.web.WebConfigFile != "/etc/web.yml", !*f.web.WebSystemdSocket:
		t.Errorf("%+v %q", f, *f.web.WebListenAddresses)
	}
	if f, err = parseFlags([]string{"--config.file=hub.yml"}, io.Discard, io.Discard); err != nil || f.configFile != "hub.yml" {
		t.Errorf("the flag itself does not win: %s, %v", f.configFile, err)
	}
}

// A container image may well name the version it holds.
func TestVersionInTheEnvironmentIsNotAFlag(t *testing.T) {
	t.Setenv("REGISTRY_EXPORTER_VERSION", "1.0.0")
	t.Setenv("REGISTRY_EXPORTER_HELP", "see the wiki")
	file := writeFile(t, "good.yml", hub(nobody))
	if stdout, stderr, code := execute(t, "--config.file="+file, "--config.check"); code != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestGuessOfTheExternalURL(t *testing.T) {
	host := hostname()
	secure := writeFile(t, "tls.yml", "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
	users := writeFile(t, "users.yml", "basic_auth_users: {prometheus: x}\n")
	for _, c := range []struct {
		name, listen, web, want string
	}{
		{"every address", ":10500", "", "http://" + host + ":10500"},
		{"every address, another port", "0.0.0.0:9999", "", "http://" + host + ":9999"},
		{"every IPv6 address", "[::]:10500", "", "http://" + host + ":10500"},
		{"one address", "[2001:db8::1]:10500", "", "http://[2001:db8::1]:10500"},
		{"a name", "exporter.example.org:80", "", "http://exporter.example.org:80"},
		{"TLS", ":10500", secure, "https://" + host + ":10500"},
		{"basic auth without TLS", ":10500", users, "http://" + host + ":10500"},
		{"vsock", "vsock://:10500", "", "http://" + host + ":10500"},
	} {
		if got := guessURL([]string{c.listen}, c.web); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLinesOfTheLog(t *testing.T) {
	parsers := map[string]func(t *testing.T, line string) map[string][]string{"logfmt": parseLogfmt, "json": parseJSON}
	for format, parse := range parsers {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			config := writeFile(t, "hub.yml", hub(nobody))
			p := start(t, config, "--log.format="+format, "--log.level=debug", "--web.config.file="+serverFiles(t, ""))
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write([]byte("no TLS\r\n\r\n"))
			p.waitFor(t, "TLS handshake error")
			conn.Close()
			fetch(t, trusting, http.MethodGet, "https://"+p.address+"/metrics")
			fetch(t, trusting, http.MethodGet, "https://"+p.address+"/probe?registry=hub&debug=true")
			if err := os.WriteFile(config, []byte("registries: ["), 0o600); err != nil {
				t.Fatal(err)
			}
			fetch(t, trusting, http.MethodPost, "https://"+p.address+"/-/reload")
			p.end(t)
			for _, line := range p.lines() {
				checkLine(t, line, parse(t, line))
			}
		})
	}
}

func checkLine(t *testing.T, line string, fields map[string][]string) {
	t.Helper()
	for _, key := range []string{"time", "level", "caller", "msg"} {
		if len(fields[key]) != 1 || fields[key][0] == "" {
			t.Errorf("%s stands %d times in %s", key, len(fields[key]), line)
			return
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, fields["time"][0]); err != nil {
		t.Errorf("%s in %s", err, line)
	}
	if caller := fields["caller"][0]; strings.HasPrefix(caller, "level.go") || strings.HasPrefix(caller, "log.go") {
		t.Errorf("the log is its own caller in %s", line)
	}
}

func parseLogfmt(t *testing.T, line string) map[string][]string {
	fields := map[string][]string{}
	d := logfmt.NewDecoder(strings.NewReader(line))
	for d.ScanRecord() {
		for d.ScanKeyval() {
			fields[string(d.Key())] = append(fields[string(d.Key())], string(d.Value()))
		}
	}
	if d.Err() != nil {
		t.Errorf("%s in %s", d.Err(), line)
	}
	return fields
}

// parseJSON reads the keys one by one: a map would hide one that stands twice.
func parseJSON(t *testing.T, line string) map[string][]string {
	fields := map[string][]string{}
	d := json.NewDecoder(strings.NewReader(line))
	_, err := d.Token()
	for err == nil && d.More() {
		var key json.Token
		var value any
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		name, _ := key.(string)
		text, _ := value.(string)
		fields[name] = append(fields[name], text)
	}
	if err != nil {
		t.Errorf("%s in %s", err, line)
	}
	return fields
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

func TestTermWithNothingUnderWayEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, writeFile(t, "hub.yml", hub(nobody)))
	p.get(t, "/-/ready") // leaves an idle connection
	code, took := p.end(t)
	if code != 0 || took > 4*time.Second {
		t.Errorf("exit %d after %s", code, took)
	}
	for _, line := range p.lines() {
		if !strings.Contains(line, "level=info") {
			t.Errorf("a clean stop is not told at info level: %s", line)
		}
	}
}

// The scrape could go on for 30 s, the process for 10.
func TestTermWhileAScrapeHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer hung.Close()
	p := start(t, writeFile(t, "hub.yml", hub(hung.URL)+"  timeout: 30s\n"))
	page := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + p.address + "/probe?registry=hub")
		if err != nil {
			page <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			page <- err.Error()
			return
		}
		page <- resp.Status + "\n" + string(text)
	}()
	<-asked
	code, took := p.end(t)
	if code != 0 || took > 10*time.Second {
		t.Errorf("exit %d after %s", code, took)
	}
	endpoint := strings.TrimPrefix(hung.URL, "http://")
	got := <-page
	for _, want := range []string{
		"200 OK\n",
		`registry_api_up{endpoint="` + endpoint + `",registry="hub",role="front"} 0` + "\n",
		`registry_collector_failure{collector="api",endpoint="` + endpoint + `",reason="timeout",registry="hub"} 1` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(strings.Join(p.lines(), "\n"), "level=error") {
		t.Error("an error is logged")
	}
}

func TestAtMost(t *testing.T) {
	ended, hang := false, make(chan struct{})
	defer close(hang)
	ctx, cancel := context.WithCancel(t.Context())
	if atMost(ctx, func() { time.Sleep(time.Millisecond); ended = true })(); !ended {
		t.Error("it was not waited for")
	}
	wait := atMost(ctx, func() { <-hang })
	cancel()
	wait() // or never
}

func TestTLSAndBasicAuthOfItsOwn(t *testing.T) {
	t.Parallel()
	// The hash of "monitor".
	web := serverFiles(t, "basic_auth_users: {prometheus: $2a$04$5a0BBIsQhp3rTa4BMXGp5OlzdMPmY1RsSHAPqF3NqJ8i1vJZxixaq}\n")
	p := start(t, writeFile(t, "hub.yml", hub(nobody)), "--web.config.file="+web)
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

// trusting takes any certificate.
var trusting = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}

// serverFiles writes a certificate, its key and a toolkit configuration that names them.
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

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	p := start(t, writeFile(t, "hub.yml", hub(nobody)))
	for _, c := range []struct {
		method, path string
		status       int
		words        string
	}{
		{"GET", "/", 200, `href="probe?registry=hub"`},
		{"GET", "/", 200, `href="runbooks/"`},
		{"GET", "/metrics", 200, `registry_api_up{endpoint="127.0.0.1:1",registry="hub",role="front"} 0`},
		{"GET", "/metrics", 200, `registry_exporter_web_info{external_url="http://127.0.0.1:0"} 1`},
		{"GET", "/probe?registry=hub", 200, `registry_passive{registry="hub"} 0`},
		{"GET", "/sd", 200, `"__param_registry":"hub"`},
		{"GET", "/config", 200, "name: hub"},
		{"GET", "/runbooks/", 200, `<a href="RegistryDown.md">RegistryDown</a>`},
		{"GET", "/runbooks/registrydown", 200, "<h1>RegistryDown</h1>"},
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/-/ready", 200, "ready"},
		{"POST", "/-/reload", 200, "configuration loaded"},
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
	p := start(t, writeFile(t, "hub.yml", hub(nobody)), "--no-web.metrics-registries")
	status, page := p.get(t, "/metrics")
	if status != http.StatusOK || strings.Contains(page, `registry="hub"`) || !strings.Contains(page, "registry_exporter_build_info{") {
		t.Errorf("%d\n%s", status, page)
	}
}

func TestProfilesByFlagOnly(t *testing.T) {
	t.Parallel()
	p := start(t, writeFile(t, "hub.yml", hub(nobody)), "--web.enable-pprof")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=1"} {
		if status, page := p.get(t, path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
}
