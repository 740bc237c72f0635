package config

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeExample: the configuration that people copy must load.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\nregistries:")
	if !found {
		t.Fatal("the README shows no configuration")
	}
	text, _, _ := strings.Cut(rest, "```")
	c, err := parse("README.md", []byte("registries:"+text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Registries) != 3 || c.Registries[0].Swift == nil || c.Registries[1].MSR == nil || c.Registries[2].Harbor == nil {
		t.Errorf("the README shows something else than a registry on Swift, an MSR and a Harbor: %s", c)
	}
}
