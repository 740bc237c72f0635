package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// unit copies the unit with the path of a program that exists: systemd checks that.
func unit(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	exporter := filepath.Join(dir, "registry_exporter")
	if err := os.WriteFile(exporter, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "deploy/systemd/registry_exporter.service")
	const installed = "ExecStart=/usr/local/bin/registry_exporter "
	if !strings.Contains(text, installed) {
		t.Fatalf("no %q", installed)
	}
	file = filepath.Join(dir, "registry_exporter.service")
	if err := os.WriteFile(file, []byte(strings.Replace(text, installed, "ExecStart="+exporter+" ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	dropIns := filepath.Base(file) + ".d"
	if err := os.CopyFS(filepath.Join(dir, dropIns), os.DirFS(filepath.Join(root, "deploy/systemd", dropIns))); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUnitIsValid(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit(t)).CombinedOutput()
	if err != nil {
		t.Errorf("%s\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "registry_exporter") { // systemd also writes about other units of this machine
			t.Error(line)
		}
	}
}

// systemd-analyze security rates a unit: 10 is open, 0 has no access at all. The network, which the exporter needs, makes
// more than 1.
func TestUnitIsHardened(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", unit(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	m := regexp.MustCompile(`exposure level for .*: ([\d.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no level in %s", out)
	}
	t.Logf("%s", m[0])
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 1.5 {
		t.Errorf("level %s\n%s", m[1], out)
	}
}

// Thousands of connections from a stranger must take neither all memory nor all processes of the host.
func TestTheUnitIsBounded(t *testing.T) {
	text := readFile(t, "deploy/systemd/registry_exporter.service")
	for _, bound := range []string{"\nMemoryMax=512M\n", "\nTasksMax=256\n", "\nLimitNOFILE=4096\n"} {
		if !strings.Contains(text, bound) {
			t.Errorf("no %q", bound)
		}
	}
}

func TestSecretsAndStateOfTheUnit(t *testing.T) {
	text := readFile(t, "deploy/systemd/registry_exporter.service")
	if !strings.Contains(text, " --state.dir=%S/registry_exporter\n") {
		t.Error("the state is not in the folder that systemd makes")
	}
	for _, line := range []string{
		"StateDirectory=registry_exporter", "StateDirectoryMode=0700",
		"DynamicUser=yes", "LoadCredential=secrets:/etc/registry_exporter/secrets", "ExecReload=/bin/kill -HUP $MAINPID",
		"#   password_file: /run/credentials/registry_exporter.service/secrets_msr",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

func TestSocketIsValid(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	service := unit(t)
	socket := strings.TrimSuffix(service, "service") + "socket"
	if err := os.WriteFile(socket, []byte(readFile(t, "deploy/systemd/registry_exporter.socket")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", socket).CombinedOutput()
	if err != nil || strings.Contains(string(out), "registry_exporter.socket") {
		t.Errorf("%v: %s", err, out)
	}
}
