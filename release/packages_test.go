package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// installed is where the package has the configuration.
const installed = "/etc/registry_exporter/registry_exporter.yml"

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) != 1 {
		t.Fatalf("%s: %q: %v", pattern, names, err)
	}
	return names[0]
}

// wantDeb installs the package on this machine, and removes it again.
func wantDeb(t *testing.T, out, nextOut string) {
	t.Helper()
	if _, err := exec.LookPath("dpkg"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and Debian")
	}
	for _, path := range []string{"/usr/bin/registry_exporter", "/etc/registry_exporter", "/var/lib/registry_exporter"} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Skipf("%s is there: somebody uses the exporter on this machine", path)
		}
	}
	old, next := one(t, filepath.Join(out, "*.deb")), one(t, filepath.Join(nextOut, "*.deb"))
	t.Cleanup(func() { _ = exec.Command("dpkg", "--purge", "registry-exporter").Run() })

	said := run(t, "dpkg", "--install", old)
	if !strings.Contains(said, "name your registry in "+installed) {
		t.Errorf("nobody is told what to do next: %s", said)
	}
	files := strings.Fields(run(t, "dpkg", "--listfiles", "registry-exporter"))
	run(t, "registry_exporter", "--config.check", "--config.file="+installed)
	if info, err := os.Stat("/etc/registry_exporter/secrets"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of passwords: %v, %v", info, err)
	}

	mine := []byte("registries:\n  - {name: mine, url: \"http://127.0.0.1:1\"}\n")
	if err := os.WriteFile(installed, mine, 0o644); err != nil {
		t.Fatal(err)
	}
	said = run(t, "dpkg", "--install", next)
	if strings.Contains(said, "name your registry") {
		t.Errorf("an upgrade says what only a first installation should: %s", said)
	}
	if got := read(t, installed); string(got) != string(mine) {
		t.Errorf("the upgrade wrote another configuration: %s", got)
	}
	if said := run(t, "registry_exporter", "--version"); !strings.Contains(said, "version 1.3.0-rc.1") {
		t.Errorf("after the upgrade: %s", said)
	}
	if err := os.MkdirAll("/var/lib/registry_exporter", 0o700); err != nil {
		t.Fatal(err)
	}
	wantPage(t)

	run(t, "dpkg", "--remove", "registry-exporter")
	if got := read(t, installed); string(got) != string(mine) {
		t.Errorf("the removal took the configuration: %s", got)
	}
	run(t, "dpkg", "--purge", "registry-exporter")
	for _, path := range append(files, "/var/lib/registry_exporter") {
		if info, err := os.Stat(path); err == nil && (!info.IsDir() || strings.Contains(path, "registry")) {
			t.Errorf("%s is left", path)
		}
	}
}

// wantPage starts the exporter as the unit does, and reads a page.
func wantPage(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/registry_exporter", "--config.file="+installed, "--state.dir=/var/lib/registry_exporter", "--web.listen-address="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for range 100 {
		if resp, err := http.Get("http://" + address + "/metrics"); err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("/metrics: %s", resp.Status)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the installed exporter serves no page")
}

func wantRPM(t *testing.T, out string) {
	t.Helper()
	for _, program := range []string{"rpm", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	rpm := one(t, filepath.Join(out, "*.rpm"))
	run(t, "rpm", "--checksig", "--nosignature", rpm)
	if said := run(t, "rpm", "-qp", "--qf", "%{NAME} %{VERSION}", rpm); said != "registry-exporter 1.3.0~rc.1" {
		t.Errorf("it is called %s", said)
	}
	if conf := run(t, "rpm", "-qp", "--configfiles", rpm); !strings.Contains(conf, installed+"\n") {
		t.Errorf("an upgrade would write over the configuration; it keeps %s", conf)
	}
	files := strings.Fields(run(t, "rpm", "-qpl", rpm))
	for line := range strings.Lines(run(t, "dpkg-deb", "--contents", one(t, filepath.Join(out, "*.deb")))) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[5], ".")
		if isFolder := strings.HasPrefix(line, "d"); isFolder || strings.Contains(name, "/zsh/") {
			continue
		}
		if !slices.Contains(files, name) {
			t.Errorf("rpm has no %s", name)
		}
	}
}
