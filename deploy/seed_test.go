package deploy

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/config"
)

// The compose file puts an image into its registry, once. The exporter can pull it.
func TestSeedIsAnImageThatCanBePulled(t *testing.T) {
	url := startRegistry(t)
	for _, want := range []string{"pushed library/base:1.0, ", "library/base:1.0 is there\n"} {
		seed := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "deploy/compose/seed.sh"), url, "library/base", "1.0")
		if out, err := seed.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Fatalf("%q, want %q; %v", out, want, err)
		}
	}
	c, err := config.ForURL(url, config.Access{Images: []string{"library/base:1.0"}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := collector.New(collector.Options{Config: c, Name: "seed", Logger: log.NewNopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	report, err := e.Check(t.Context(), nil, nil)
	var text strings.Builder
	if err == nil {
		err = report.WriteText(&text, false)
	}
	if err != nil || report.Failed() || !strings.Contains(text.String(), "1 read in full") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// startRegistry runs Distribution until the test ends.
func startRegistry(t *testing.T) (url string) {
	t.Helper()
	registry := program(t, "docker-registry", "docker-registry")
	program(t, "curl", "curl")
	address := freeAddress(t)
	file := filepath.Join(t.TempDir(), "registry.yml")
	text := fmt.Sprintf("version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: %q}\n", address)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), registry, "serve", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // an error: the end of the test's context kills it
	url = "http://" + address
	answers := func() bool {
		resp, err := http.Get(url + "/v2/")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
	if !eventually(answers) {
		t.Fatal("the registry does not answer")
	}
	return url
}
