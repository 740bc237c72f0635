package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// here is the platform of the tests.
var here = platform{system: "linux", processor: runtime.GOARCH}

// makeHere makes a release for the platform of the tests, of what is in the folder of the project.
func makeHere(t *testing.T, version string) (out string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("packages are for Linux")
	}
	c, err := describe(t.Context(), "..", version)
	if err != nil {
		t.Fatal(err)
	}
	out = t.TempDir()
	if err := makeAll(t.Context(), c, out, []platform{here}); err != nil {
		t.Fatal(err)
	}
	return out
}

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRelease(t *testing.T) {
	out, next := makeHere(t, "1.2.3"), makeHere(t, "1.3.0-rc.1")
	t.Run("the same commit gives the same bytes", func(t *testing.T) { wantSameBytes(t, out, makeHere(t, "1.2.3")) })
	t.Run("the archive has what people need", func(t *testing.T) { wantArchive(t, out) })
	t.Run("the licenses of all modules are there", func(t *testing.T) { wantLicenses(t, out) })
	t.Run("the checksums are those of the files", func(t *testing.T) { wantChecksums(t, out) })
	t.Run("the deb is installed, upgraded and purged", func(t *testing.T) { wantDeb(t, out, next) })
	t.Run("the rpm has the files of the deb", func(t *testing.T) { wantRPM(t, next) })
}

func wantSameBytes(t *testing.T, one, other string) {
	t.Helper()
	names := namesIn(t, one)
	if len(names) != 5 || !slices.Equal(names, namesIn(t, other)) {
		t.Fatalf("files are %q, then %q", names, namesIn(t, other))
	}
	for _, name := range names {
		if a, b := sha256.Sum256(read(t, filepath.Join(one, name))), sha256.Sum256(read(t, filepath.Join(other, name))); a != b {
			t.Errorf("%s: %x, then %x", name, a, b)
		}
	}
}

// unpack writes the files of an archive into a folder, and returns their names.
func unpack(t *testing.T, archive, folder string) (names []string) {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(read(t, archive)))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(packed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(folder, header.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, os.FileMode(header.Mode)); err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
}

func wantArchive(t *testing.T, out string) {
	t.Helper()
	folder := t.TempDir()
	base := "registry_exporter-1.2.3." + here.String()
	names := unpack(t, filepath.Join(out, base+".tar.gz"), folder)
	for _, name := range []string{
		"registry_exporter", "registry_exporter.yml", "registry_exporter.service", "registry_exporter.socket", "registry_exporter.1.gz",
		"completion.bash", "completion.zsh", "README.md", "CHANGELOG.md", "METRICS.md", "NOTICES", "alerts/registry.yml", "dashboards/registry-overview.json",
	} {
		if !slices.Contains(names, base+"/"+name) {
			t.Errorf("no %s in %q", name, names)
		}
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(folder, base, "registry_exporter"), "--version").Output()
	c, describeErr := describe(t.Context(), "..", "1.2.3")
	if err := errors.Join(err, describeErr); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"version 1.2.3 (branch: " + c.branch + ", revision: " + c.revision, "build date:       " + c.date.Format("20060102-15:04:05")} {
		if !strings.Contains(string(said), want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
}

func wantLicenses(t *testing.T, out string) {
	t.Helper()
	folder := t.TempDir()
	base := "registry_exporter-1.2.3." + here.String()
	unpack(t, filepath.Join(out, base+".tar.gz"), folder)
	notices, list := string(read(t, filepath.Join(folder, base, "NOTICES"))), string(read(t, filepath.Join(out, base+".cdx.json")))
	modules := 0
	for line := range strings.Lines(list) {
		_, url, found := strings.Cut(line, `"purl": "pkg:golang/`)
		path, version, _ := strings.Cut(strings.Trim(url, "\",\n"), "@")
		if !found || path == "std" {
			continue
		}
		modules++
		if !strings.Contains(notices, "\n"+path+" "+version+"\n==") {
			t.Errorf("no license of %s %s", path, version)
		}
	}
	if modules < 20 {
		t.Errorf("the list has %d modules: %s", modules, list)
	}
	if !strings.Contains(notices, "\nGo 1.") {
		t.Error("no license of Go")
	}
}

func wantChecksums(t *testing.T, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = out
	if said, err := cmd.CombinedOutput(); err != nil || strings.Count(string(said), ": OK") != len(namesIn(t, out))-1 {
		t.Errorf("%v: %s", err, said)
	}
}

func TestReleasesThatAreRefused(t *testing.T) {
	for _, test := range []struct{ name, version, want string }{
		{"no version", "", "is no version"},
		{"with a v", "v1.0.0", "is no version"},
		{"of a dirty tree, as git describes it", "3f26921-dirty", "is no version"},
		{"with a flag of the linker", "1.0.0 -X main.a=b", "is no version"},
		{"without a section in the changelog", "99.0.0", "CHANGELOG.md has no section \"## 99.0.0 /\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := release(t.Context(), "..", t.TempDir(), test.version); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %q", err, test.want)
			}
		})
	}
	t.Run("into a folder with other files", func(t *testing.T) {
		out := t.TempDir()
		if err := os.WriteFile(filepath.Join(out, "old.deb"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := makeAll(t.Context(), commit{root: ".."}, out, nil); err == nil || !strings.Contains(err.Error(), "is not empty") {
			t.Error(err)
		}
	})
	t.Run("with changes that are not committed", func(t *testing.T) {
		root := t.TempDir()
		if _, err := git(t.Context(), root, "init", "-q"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "new.go"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := checkedOut(t.Context(), root, "1.0.0"); err == nil || !strings.Contains(err.Error(), "not committed") || !strings.Contains(err.Error(), "new.go") {
			t.Error(err)
		}
	})
}

func TestTheManPageHasATitleOfOneLine(t *testing.T) {
	c, err := describe(t.Context(), "..", "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	got := string(manPage([]byte(".TH registry_exporter 1 registry_exporter, version 1.2.3\n  build user: $1\n\"\"\n.SH \"NAME\"\nregistry_exporter\n"), c))
	if want := fmt.Sprintf(".TH registry_exporter 1 %s \"1.2.3\"\n.SH \"NAME\"\nregistry_exporter\n", c.date.Format("2006-01-02")); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
