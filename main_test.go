package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asExporter is a variable of the environment with which this test binary runs as the exporter.
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

// hub returns the configuration of a registry at a URL.
func hub(url string) string { return "registries:\n- name: hub\n  url: " + url + "\n" }

// nobody is a URL at which nobody answers.
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

// start runs the exporter until it listens. The end of the test kills it.
func start(t *testing.T, config string, args ...string) *process {
	t.Helper()
	return startWith(t, func(*exec.Cmd) {}, config, args...)
}

// startWith is start with a command that prepare has changed.
func startWith(t *testing.T, prepare func(*exec.Cmd), config string, args ...string) *process {
	t.Helper()
	p := &process{eof: make(chan struct{})}
	p.cmd = command(t, append([]string{"--config.file=" + config, "--web.listen-address=127.0.0.1:0"}, args...)...)
	prepare(p.cmd)
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

// startHub starts an exporter of a registry at which nobody answers.
func startHub(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, writeFile(t, "hub.yml", hub(nobody)), args...)
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
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
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
