package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"registry_exporter/collector/testserver"
)

// nodeWithPodman is a root file system with podman alone, which trusts the CA for the registry at address.
func nodeWithPodman(t *testing.T, address string, ca *testserver.Authority) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{"/etc/containers/policy.json": `{"default": [{"type": "insecureAcceptAnything"}]}`}
	if ca != nil {
		text, err := os.ReadFile(ca.File(t))
		if err != nil {
			t.Fatal(err)
		}
		files["/etc/containers/certs.d/"+address+"/ca.crt"] = string(text)
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(root+path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestNodeTellsByItsExitCode(t *testing.T) {
	ca := testserver.NewAuthority(t, "Example CA", nil)
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), testserver.OpenRegistry)
	address := server.Listener.Addr().String()
	good, bad := nodeWithPodman(t, address, ca), nodeWithPodman(t, address, nil)
	configured := writeFile(t, "good.yml", hub("https://"+address))
	for name, c := range map[string]struct {
		args []string
		code int
		out  string
		err  string
	}{
		"it would pull":            {[]string{"--root=" + good, address}, 0, "✓  podman", ""},
		"it would not pull":        {[]string{"--root=" + bad, address}, 1, "(tls_unknown_authority)", ""},
		"of the configuration":     {[]string{"--root=" + good, "--config.file=" + configured}, 0, "✓  podman", ""},
		"by name":                  {[]string{"--root=" + good, "--config.file=" + configured, "hub"}, 0, "✓  podman", ""},
		"an unknown name":          {[]string{"--root=" + good, "--config.file=" + configured, "hbu"}, 2, "", `has no registry "hbu"`},
		"no name and no file":      {[]string{"--root=" + good, "--config.file=/none.yml"}, 2, "", "write it as\x00"},
		"no runtime":               {[]string{"--root=" + t.TempDir(), address}, 2, "", "no runtime was found here"},
		"a root that is not there": {[]string{"--root=/none", address}, 2, "", "--root: /none is no folder"},
		"every without a textfile": {[]string{"--root=" + good, "--every=1h", address}, 2, "", "--every goes with --textfile"},
		"every second":             {[]string{"--root=" + good, "--textfile=/none/a.prom", "--every=1s", address}, 2, "", "is 1m0s or more"},
		"an image with a host":     {[]string{"--root=" + good, "--image=https://x", address}, 2, "", "--image: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.ReplaceAll(c.err, "write it as\x00", "without a file, name a registry as it stands before the names of images")
			stdout, stderr, code := execute(t, append([]string{"node"}, c.args...)...)
			if code != c.code || !strings.Contains(stdout, c.out) || !strings.Contains(stderr, want) || (c.out == "") != (stdout == "") {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

func TestNodeAsJSON(t *testing.T) {
	ca := testserver.NewAuthority(t, "Example CA", nil)
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("registry.example.org")), testserver.OpenRegistry)
	address := server.Listener.Addr().String()
	stdout, _, code := execute(t, "node", "--root="+nodeWithPodman(t, address, ca), "--output=json", address)
	var report struct {
		Verdicts []struct {
			Runtime, State, Reason, Try string
			Endpoints                   []struct {
				URL         string
				Certificate struct {
					Names  []string
					Covers bool `json:"covers_name"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || len(report.Verdicts) != 1 || code != 1 {
		t.Fatalf("exit %d, %v: %s", code, err, stdout)
	}
	v := report.Verdicts[0]
	if v.Runtime != "podman" || v.Reason != "tls_no_ip_san" || !strings.Contains(v.Try, "IP:127.0.0.1") || len(v.Endpoints) != 1 || v.Endpoints[0].Certificate.Covers {
		t.Errorf("%+v", v)
	}
}

// A node that would not pull is told by the file: the unit that writes it has not failed.
func TestNodeWritesATextfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "registry_node.prom")
	stdout, stderr, code := execute(t, "node", "--root="+nodeWithPodman(t, "127.0.0.1:1", nil), "--textfile="+file, "127.0.0.1:1")
	text, err := os.ReadFile(file)
	const want = "registry_node_trust{address=\"127.0.0.1:1\",registry=\"127.0.0.1:1\",runtime=\"podman\",site=\"\",reason=\"refused\"} 0\n"
	if err != nil || code != 0 || stdout+stderr != "" || !strings.Contains(string(text), want) {
		t.Errorf("exit %d, %q, %v\n%s", code, stdout+stderr, err, text)
	}
}

func TestNodeLooksAgainUntilTERM(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "registry_node.prom")
	cmd := command(t, "node", "--root="+nodeWithPodman(t, "127.0.0.1:1", nil), "--textfile="+file, "--every=1h", "127.0.0.1:1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testserver.WaitUntil(t, "the file is there", func() bool { _, err := os.Stat(file); return err == nil })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("TERM ends it with %v", err)
	}
}
