package alerts_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"registry_exporter/alerts"
)

// packages are the Debian packages of the tools.
var packages = map[string]string{"promtool": "prometheus", "amtool": "prometheus-alertmanager"}

// run starts a tool. When the tool fails, so does the test, with the tool's output.
func run(t *testing.T, tool string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is not installed; on Debian: apt-get install %s", tool, packages[tool])
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %s\n%s", tool, args, err, out)
	}
	return string(out)
}

func TestPromtoolCheck(t *testing.T) {
	run(t, "promtool", append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, alerts.Files[:]...)...)
}

func TestPromtoolTests(t *testing.T) {
	files, err := filepath.Glob("tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			run(t, "promtool", "test", "rules", file)
		})
	}
}
