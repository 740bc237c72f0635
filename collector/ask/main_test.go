package ask

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wantReason fails the test unless err has the reason, or is nil when the reason is empty.
func wantReason(t testing.TB, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason is %q, want %q: %v", got, want, err)
	}
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// builderOf builds the sources of a registry hub at url. more are lines of the registry.
func builderOf(t testing.TB, url, more string, l *Lockout) *Builder {
	t.Helper()
	file := testserver.TempFile(t, "registry_exporter.yml", []byte("registries:\n- name: hub\n  url: "+url+"\n"+more))
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return NewBuilder(c, 0, Options{Lockout: l, Keep: source.NewKeep(nil)})
}

// accountOf returns the account of a registry hub at url. credentials stand under http.
func accountOf(t testing.TB, url, credentials string, l *Lockout) *Account {
	t.Helper()
	b := builderOf(t, url, "  http: {"+credentials+"}\n", l)
	a, err := NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// addAnswers adds the bodies of stored answers to the corpus.
func addAnswers(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatal(fmt.Errorf("no answers like %s: %w", pattern, err))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("\n\n"))
		f.Add(body)
	}
}
