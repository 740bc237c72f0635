// Package golden knows all metrics and their labels. Tests of alerts and dashboards use it to find metrics and labels in
// expressions that do not exist.
package golden

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"registry_exporter/alerts"
)

// Metrics has the labels of each metric, by its name.
type Metrics map[string]map[string]bool

// targetLabels are the labels that Prometheus adds at each scrape.
var targetLabels = []string{"instance", "job"}

// Load reads all metrics of the repository at root: those of the collectors, those of the exporter itself, those that the
// rules record, and those that Prometheus makes.
func Load(root string) (Metrics, error) {
	m, err := Labels(filepath.Join(root, "collector"))
	if err != nil {
		return nil, err
	}
	if err := m.addPage(filepath.Join(root, "node", "testdata", "registry_node.prom")); err != nil {
		return nil, err
	}
	if err := m.addOwn(filepath.Join(root, "METRICS.md")); err != nil {
		return nil, err
	}
	for _, labels := range m {
		add(labels, targetLabels...)
	}
	m["up"] = set(targetLabels...)
	m["ALERTS"] = set("alertname", "alertstate", "instance", "job", "registry", "role", "severity", "site", "swift_container")
	rules, err := alerts.Rules(filepath.Join(root, "alerts"))
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if r.Record == "" {
			continue
		}
		if m[r.Record], err = m.LabelsOf(r.Expr); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Record, err)
		}
	}
	return m, nil
}

// sample is a line of a page: the name of the metric, and its labels in braces.
var sample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)

var label = regexp.MustCompile(`([a-z_]+)="(?:[^"\\]|\\.)*"`)

// Labels reads the golden pages dir/SYSTEM/testdata/COLLECTOR/CASE/*.prom. It gives every metric the labels registry and
// site.
func Labels(dir string) (Metrics, error) {
	pages, err := filepath.Glob(filepath.Join(dir, "*", "testdata", "*", "*", "*.prom"))
	if err != nil {
		return nil, fmt.Errorf("listing the golden pages: %w", err)
	}
	if len(pages) == 0 {
		return nil, errors.New("no golden pages in " + dir)
	}
	m := Metrics{}
	for _, page := range pages {
		if err := m.addPage(page); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m Metrics) addPage(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("reading a golden page: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		m.addSample(line)
	}
	return nil
}

func (m Metrics) addSample(line string) {
	s := sample.FindStringSubmatch(line)
	if s == nil {
		return
	}
	if m[s[1]] == nil {
		m[s[1]] = set("registry", "site")
	}
	for _, l := range label.FindAllStringSubmatch(s[2], -1) {
		m[s[1]][l[1]] = true
	}
}

// ownRow is a row of METRICS.md about the exporter itself, which is on no golden page.
var ownRow = regexp.MustCompile("(?m)^\\| `(registry_exporter_\\w+)` \\| \\w+ \\| ([^|]*) \\|")

var code = regexp.MustCompile("`([^`]+)`")

func (m Metrics) addOwn(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the list of metrics: %w", err)
	}
	rows := ownRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) == 0 {
		return errors.New("no metrics of the exporter itself in " + file)
	}
	for _, row := range rows {
		m[row[1]] = map[string]bool{}
		for _, l := range code.FindAllStringSubmatch(row[2], -1) {
			m[row[1]][l[1]] = true
		}
	}
	return nil
}

// CheckSeries returns an error for a series that the exporter cannot have: its name, or a label too many or too few.
func (m Metrics) CheckSeries(name string, labels []string) error {
	known := m[name]
	if known == nil {
		return fmt.Errorf("no golden page has the metric %s", name)
	}
	for _, l := range labels {
		if !known[l] {
			return fmt.Errorf("%s has no label %s", name, l)
		}
	}
	optional := append([]string{"site"}, targetLabels...)
	for _, l := range slices.Sorted(maps.Keys(known)) {
		if !slices.Contains(labels, l) && !slices.Contains(optional, l) {
			return fmt.Errorf("%s must have the label %s", name, l)
		}
	}
	return nil
}

func set(members ...string) map[string]bool {
	s := map[string]bool{}
	add(s, members...)
	return s
}

func add(s map[string]bool, members ...string) {
	for _, member := range members {
		s[member] = true
	}
}
