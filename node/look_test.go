package node

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestNoRuntime(t *testing.T) {
	if _, err := Look(t.Context(), Options{Root: t.TempDir()}); !errors.Is(err, ErrNoRuntime) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNamedHasToBeARegistry(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.5:5000": "10.0.0.5:5000", "https://registry.example.org/": "registry.example.org", "registry.example.org": "registry.example.org",
		"localhost:5000": "localhost:5000", "docker.io": "docker.io", "[fd00::5]:5000": "[fd00::5]:5000",
		"registry": "", "10.0.0.5:5000/library/base": "", "https://user:hunter2@registry.example.org": "", "-o": "", "": "",
	} {
		r, err := ByAddress(text)
		if (err == nil) != (want != "") || err == nil && r.Address != want {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}

// In a pod the root of the node is a folder: its links lead to files of the node.
func TestLinksStayBelowTheRoot(t *testing.T) {
	m := &machine{root: t.TempDir()}
	for _, dir := range []string{"/etc", "/srv"} {
		if err := os.Mkdir(m.root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(m.root+"/srv/ca.pem", []byte("the node's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"absolute": "/srv/ca.pem", "relative": "../srv/ca.pem", "above": "../../../../srv/ca.pem", "twice": "absolute", "loop": "loop", "outside": "/etc/passwd"} {
		if err := os.Symlink(to, m.root+"/etc/"+link); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{"absolute", "relative", "above", "twice"} {
		if text, err := m.read("/etc/" + link); string(text) != "the node's" {
			t.Errorf("%s: %q, %v", link, text, err)
		}
	}
	if _, err := m.read("/etc/loop"); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("%v", err)
	}
	if _, err := m.read("/etc/outside"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it reads the file of another root: %v", err)
	}
}

func TestFilesAreBounded(t *testing.T) {
	m := &machine{root: t.TempDir()}
	if err := os.WriteFile(m.root+"/large", make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(m.root+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/large": "/large has more than 4 MiB", "/pipe": "/pipe is no regular file", "/none": "open /none: no such file or directory"} {
		if _, err := m.read(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.opened = maxFiles
	if _, err := m.read("/none"); !errors.Is(err, errTooMany) {
		t.Errorf("%v", err)
	}
}

// Another service, or somebody's own server, answers in place of the registry. The command ends, and names the reason.
func TestHostileAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		reason  string
	}{
		"an endless body": {func(w http.ResponseWriter, _ *http.Request) { testserver.WriteEndlessly(w) }, source.ReasonTooLarge},
		"another service": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, source.ReasonNotFound},
		"a redirect away": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, source.ReasonRedirected},
		"it hangs up":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, source.ReasonReset},
		"401 without a challenge": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, source.ReasonUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.handler, "10.0.0.5")
			w.write(daemonFile, `{}`)
			w.write(dockerCert+"/10.0.0.5:5000/ca.crt", theCA)
			if v := w.look("docker", address, ""); v.State != StateFailed || v.Reason != c.reason {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestNamesInACertificateCannotDriveTheTerminal(t *testing.T) {
	w := newWorld(t, testserver.OpenRegistry, "evil\x1b[2Jname")
	w.write(daemonFile, `{}`)
	w.write(dockerCert+"/10.0.0.5:5000/ca.crt", theCA)
	report := &Report{Verdicts: []*Verdict{w.look("docker", address, "")}}
	var b strings.Builder
	if err := report.WriteText(&b); err != nil || strings.Contains(b.String(), "\x1b") || !strings.Contains(b.String(), "evil") {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// The password is sent to the registry where its certificate verifies, for an image alone. It is shown nowhere.
func TestPasswords(t *testing.T) {
	const auths = `{"auths": {"10.0.0.5:5000": {"auth": "bWU6aHVudGVyMmh1bnRlcjI="}}}` // me:hunter2hunter2
	for name, c := range map[string]struct {
		daemon, image string
		sent          int
	}{
		"with an image":                       {`{}`, "library/base:1.0", 1},
		"without an image":                    {`{}`, "", 0},
		"with an image, without verification": {`{"insecure-registries": ["10.0.0.5:5000"]}`, "library/base:1.0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, wantsBasic, "10.0.0.5")
			w.write(daemonFile, c.daemon)
			w.write(dockerCert+"/10.0.0.5:5000/ca.crt", theCA)
			w.write("/root/.docker/config.json", auths)
			report := &Report{Verdicts: []*Verdict{w.look("docker", address, c.image)}}
			if got := w.seen.Carrying("Authorization"); got != c.sent {
				t.Errorf("it was sent %d times, want %d", got, c.sent)
			}
			var b strings.Builder
			if err := report.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(report)
			if all := b.String() + string(text); err != nil || strings.Contains(all, "hunter2") || strings.Contains(all, "bWU6aHVu") || !strings.Contains(all, "/root/.docker/config.json") {
				t.Error(all)
			}
		})
	}
}

// Nothing of the node is written or made.
func TestTheNodeIsLeftAsItIs(t *testing.T) {
	w := newWorld(t, withImage("/v2"), "10.0.0.5")
	w.write(daemonFile, `{}`)
	w.write(containerdFile, withPath)
	w.write(crioFile, "")
	w.write(policyFile, anything)
	before := tree(t, w.root)
	w.look("docker", address, "library/base:1.0")
	if after := tree(t, w.root); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
}

func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
