// Package fast makes the rules of alerts/ faster, so that people and tests can wait for an alert.
package fast

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Rules divides every `for` and `keep_firing_for`, and every window up to Longest, by Speed. It changes nothing else of a
// rule.
const (
	Speed   = 10
	Longest = 20 * time.Minute
)

var (
	waits   = regexp.MustCompile(`(?m)^(\s+(?:keep_firing_)?for: )(\w+)$`)
	windows = regexp.MustCompile(`\[(\d+[smh])\]`)
)

// Rules makes the rules in the text of a rule file faster.
func Rules(text string) string {
	text = waits.ReplaceAllStringFunc(text, func(s string) string {
		m := waits.FindStringSubmatch(s)
		return m[1] + faster(m[2])
	})
	return windows.ReplaceAllStringFunc(text, func(s string) string { return "[" + faster(s[1:len(s)-1]) + "]" })
}

func faster(duration string) string {
	d, err := model.ParseDuration(duration)
	if err != nil || time.Duration(d) > Longest {
		return duration
	}
	return (d / Speed).String()
}

// ruleFiles are the rule files in the folder alerts.
var ruleFiles = []string{"thresholds.yml", "registry.yml", "certificates.yml", "content.yml", "probes.yml", "access.yml", "msr.yml", "exporter.yml", "node.yml", "harbor.yml"}

// Write writes the rules of the folder alerts, made faster, to dir as rules-*.yml. From the folder alertmanager beside
// alerts it writes alertmanager.yml. This Alertmanager groups at once and sends to /page and /ticket at the address
// receiver.
func Write(alerts, dir, receiver string) error {
	for _, name := range ruleFiles {
		if err := rewrite(filepath.Join(alerts, name), filepath.Join(dir, "rules-"+name), Rules); err != nil {
			return err
		}
	}
	atOnce := strings.NewReplacer(
		"http://pager.example.org/registry", "http://"+receiver+"/page",
		"http://tickets.example.org/registry", "http://"+receiver+"/ticket",
		"group_wait: 30s", "group_wait: 1s", "group_interval: 5m", "group_interval: 2s", "group_interval: 1m", "group_interval: 2s",
	)
	manager := filepath.Join(alerts, "..", "alertmanager")
	unchanged := func(text string) string { return text }
	if err := rewrite(filepath.Join(manager, "registry.tmpl"), filepath.Join(dir, "registry.tmpl"), unchanged); err != nil {
		return err
	}
	return rewrite(filepath.Join(manager, "alertmanager.yml"), filepath.Join(dir, "alertmanager.yml"), atOnce.Replace)
}

func rewrite(from, to string, change func(string) string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading what ships: %w", err)
	}
	if err := os.WriteFile(to, []byte(change(string(text))), 0o644); err != nil {
		return fmt.Errorf("writing it sped up: %w", err)
	}
	return nil
}
