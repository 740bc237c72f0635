package alerts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"registry_exporter/alerts"
)

// TestEveryFileIsARuleFile: people write rule_files: ["alerts/*.yml"], and Prometheus does not start when a file has no
// rules.
func TestEveryFileIsARuleFile(t *testing.T) {
	files, err := filepath.Glob("*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Sorted(slices.Values(alerts.Files[:])); !slices.Equal(files, want) {
		t.Errorf("here are %q, alerts.Files are %q", files, want)
	}
	run(t, "promtool", append([]string{"check", "rules"}, files...)...)
}

// TestPrometheusLoadsEveryFile starts Prometheus with the pattern.
func TestPrometheusLoadsEveryFile(t *testing.T) {
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "rule_files: [%q]\n", filepath.Join(folder, "*.yml")), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "http://"+address+"/-/ready", "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	resp, err := http.Get("http://" + address + "/api/v1/rules")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Groups []struct {
				File  string
				Rules []struct{ Name string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	var files []string
	loaded := 0
	for _, g := range answer.Data.Groups {
		files = append(files, filepath.Base(g.File))
		loaded += len(g.Rules)
	}
	slices.Sort(files)
	if want := slices.Sorted(slices.Values(alerts.Files[:])); !slices.Equal(slices.Compact(files), want) {
		t.Errorf("Prometheus has loaded %q, want %q", files, want)
	}
	if want := len(rules(t)); loaded != want {
		t.Errorf("Prometheus has loaded %d rules of %d", loaded, want)
	}
}

// freeAddress returns an address on loopback at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program until the test ends, and waits until it answers at the address with 200.
func start(t *testing.T, ready, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed; on Debian: apt-get install %s", name, name)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // an error: the test kills the program
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		resp, err := http.Get(ready)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ended:
			t.Fatalf("%s %q has ended:\n%s", name, args, out.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	<-ended
	t.Fatalf("%s does not answer at %s:\n%s", name, ready, out.String())
}
