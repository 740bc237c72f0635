// Package alerts reads the rule files that stand beside it.
package alerts

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
)

// Files are the rule files, by name.
var Files = [...]string{"thresholds.yml", "registry.yml", "certificates.yml", "content.yml", "probes.yml", "access.yml", "msr.yml", "exporter.yml", "node.yml", "harbor.yml"}

// A Rule is an alert or a recording rule.
type Rule struct {
	Alert, Record string
	Expr          string
	For           time.Duration
	KeepFiringFor time.Duration `yaml:"keep_firing_for"`
	Labels        map[string]string
	Annotations   map[string]string
	Comment       string `yaml:"-"` // the comment above the rule
	File          string `yaml:"-"` // name of its file, which has one group
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (r *Rule) UnmarshalYAML(node *yaml.Node) error {
	type plain Rule
	if err := node.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Comment = node.HeadComment
	return nil
}

// Rules returns the rules of all files in the folder, in the order of their evaluation.
func Rules(folder string) ([]Rule, error) {
	var all []Rule
	for _, name := range Files {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, fmt.Errorf("reading rules: %w", err)
		}
		var file struct{ Groups []struct{ Rules []Rule } }
		if err := yaml.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("reading the rules of %s: %w", name, err)
		}
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				rule.File = name
				all = append(all, rule)
			}
		}
	}
	return all, nil
}
