// Package docs_test loads what the documents show.
package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// prometheusConfigs are the configurations of Prometheus that scale.md shows: one exporter, a pair, a part of the registries.
func prometheusConfigs(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("scale.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		config, _, _ := strings.Cut(block, "```")
		all = append(all, config)
	}
	if len(all) != 3 {
		t.Fatalf("scale.md shows %d configurations, not 3", len(all))
	}
	return all
}

// run runs promtool, and returns what it says.
func run(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not installed; on Debian: apt-get install prometheus")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %v: %s\n%s", args, err, out)
	}
	return string(out)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPrometheusLoadsTheConfigurations(t *testing.T) {
	for i, config := range prometheusConfigs(t) {
		t.Run(fmt.Sprint(i), func(t *testing.T) { run(t, "check", "config", writeFile(t, "prometheus.yml", config)) })
	}
}

// instances are those of the targets that a Prometheus with the configuration keeps of the job registry.
func instances(t *testing.T, config string) []string {
	t.Helper()
	out := run(t, "check", "service-discovery", "--timeout=5s", writeFile(t, "prometheus.yml", config), "registry")
	var targets []struct {
		Labels map[string]string `json:"labels"`
	}
	if err := json.Unmarshal([]byte(out[strings.IndexByte(out, '['):]), &targets); err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	var all []string
	for _, one := range targets {
		if instance := one.Labels["instance"]; instance != "" { // dropped ones have no labels
			all = append(all, instance)
		}
	}
	slices.Sort(all)
	return all
}

func TestTwoPrometheisShareTheRegistries(t *testing.T) {
	var registries strings.Builder
	registries.WriteString("registries:\n")
	for i := range 40 {
		fmt.Fprintf(&registries, "- {name: hub%d, site: eqiad, url: \"http://127.0.0.1:1\"}\n", i)
	}
	exporter := startExporter(t, "", registries.String())
	first := strings.ReplaceAll(prometheusConfigs(t)[2], "exporter-a.example.org:10500", exporter)
	second := strings.ReplaceAll(first, `regex: "0"`, `regex: "1"`)
	one, other := instances(t, first), instances(t, second)
	if len(one) < 10 || len(other) < 10 || len(one)+len(other) != 40 {
		t.Errorf("of 40 registries one takes %d, the other %d", len(one), len(other))
	}
	for _, instance := range one {
		if slices.Contains(other, instance) {
			t.Errorf("both take %s", instance)
		}
	}
	byAddress := strings.ReplaceAll(first, "[__param_registry, __param_site]", "[__address__]")
	if n := len(instances(t, byAddress)); n != 0 && n != 40 {
		t.Errorf("by address one takes %d of 40: scale.md says all or none", n)
	}
}
