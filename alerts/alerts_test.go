package alerts_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registry_exporter/alerts"
	"registry_exporter/alerts/golden"
)

func rules(t *testing.T) []alerts.Rule {
	t.Helper()
	all, err := alerts.Rules(".")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func alertRules(t *testing.T) []alerts.Rule {
	t.Helper()
	return slices.DeleteFunc(rules(t), func(r alerts.Rule) bool { return r.Alert == "" })
}

func metrics(t *testing.T) golden.Metrics {
	t.Helper()
	m, err := golden.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestExpressions(t *testing.T) {
	m := metrics(t)
	for _, r := range rules(t) {
		if err := m.Check(r.Expr); err != nil {
			t.Errorf("%s%s: %s", r.Alert, r.Record, err)
		}
	}
}

// TestAlertLabels: an alert has the labels registry, site and those that tell a person where to look. A label whose value
// changes, such as reason, would start `for` again.
func TestAlertLabels(t *testing.T) {
	m := metrics(t)
	allowed := []string{"instance", "job", "registry", "role", "site", "swift_container"}
	for _, r := range alertRules(t) {
		labels, err := m.LabelsOf(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		for l := range labels {
			if !slices.Contains(allowed, l) {
				t.Errorf("%s has the label %s: one fault would make many alerts", r.Alert, l)
			}
		}
		if s := r.Labels["severity"]; len(r.Labels) != 1 || s != "critical" && s != "warning" {
			t.Errorf("%s has labels %v, want a severity, critical or warning", r.Alert, r.Labels)
		}
		if r.For == 0 {
			t.Errorf("%s fires at once: one odd scrape would", r.Alert)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, r := range alertRules(t) {
		if got := slices.Sorted(maps.Keys(r.Annotations)); !slices.Equal(got, annotations) {
			t.Errorf("%s has annotations %q, want %q", r.Alert, got, annotations)
		}
		if strings.Contains(r.Annotations["summary"], "\n") {
			t.Errorf("%s: the summary has more than one line", r.Alert)
		}
		for _, word := range []string{"pull", "push"} {
			if !strings.Contains(strings.ToLower(r.Annotations["description"]), word) {
				t.Errorf("%s does not say what it means for people who %s", r.Alert, word)
			}
		}
	}
}

// annotations are the annotations of every alert.
var annotations = []string{"dashboard", "description", "runbook_url", "summary"}

func TestRunbooks(t *testing.T) {
	const start = `{{ with query "registry_exporter_web_info" }}{{ (. | first).Labels.external_url }}{{ end }}/runbooks/`
	const about = `{{ with $labels.registry }}?registry={{ . | urlquery }}{{ with $labels.site }}&site={{ . | urlquery }}{{ end }}{{ end }}`
	for _, r := range alertRules(t) {
		if want := start + r.Alert + about; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		if _, err := os.Stat(filepath.Join("..", "runbooks", r.Alert+".md")); err != nil {
			t.Errorf("%s has no runbook: %s", r.Alert, err)
		}
	}
}

func TestDashboards(t *testing.T) {
	link := regexp.MustCompile(`^/d/([a-z-]+)(\?.*)?$`)
	for _, r := range alertRules(t) {
		m := link.FindStringSubmatch(r.Annotations["dashboard"])
		if m == nil {
			t.Errorf("%s: dashboard is %q", r.Alert, r.Annotations["dashboard"])
			continue
		}
		if _, err := os.Stat(filepath.Join("..", "dashboards", m[1]+".json")); err != nil {
			t.Errorf("%s leads to no dashboard: %s", r.Alert, err)
		}
	}
}

// lookup matches a query in the text of an annotation.
var lookup = regexp.MustCompile(`(?:printf|query) "([^%"][^"]*)"`)

var verb = regexp.MustCompile(`%(\[\d\])?q`)

func lookups(r alerts.Rule) []string {
	var all []string
	for _, text := range r.Annotations {
		for _, m := range lookup.FindAllStringSubmatch(text, -1) {
			all = append(all, verb.ReplaceAllString(m[1], `"?"`))
		}
	}
	return all
}

// TestLookups checks the queries in texts. A query with a wrong name finds nothing, and the text then lacks the reason.
func TestLookups(t *testing.T) {
	m, found := metrics(t), 0
	for _, r := range alertRules(t) {
		for _, expr := range lookups(r) {
			found++
			if err := m.Check(expr); err != nil {
				t.Errorf("%s: %s", r.Alert, err)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d queries found in the texts", found)
	}
}

// closedLabel matches a matcher of a label that has few values.
var closedLabel = regexp.MustCompile(`\b(collector|critical|kind|maxmemory_policy|role|reason)(?:=|!=|=~)["']([\w|-]+)["']`)

// TestValues fails on a value of a label that no golden page has: a misspelt value never matches.
func TestValues(t *testing.T) {
	known := knownValues(t)
	check := func(where, text string) {
		for _, m := range closedLabel.FindAllStringSubmatch(text, -1) {
			for value := range strings.SplitSeq(m[2], "|") {
				if !known[m[1]+"="+value] {
					t.Errorf("%s: %s is never %s", where, m[1], value)
				}
			}
		}
	}
	for _, r := range rules(t) {
		check(r.Alert+r.Record, r.Expr)
		for _, expr := range lookups(r) {
			check(r.Alert, expr)
		}
	}
	for _, test := range unitTests(t) {
		for _, s := range test.InputSeries {
			check(test.Name, s.Series)
		}
	}
}

// knownValues returns each label=value of the golden pages, and all reasons and roles.
func knownValues(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	pages, err := filepath.Glob("../collector/*/testdata/*/*/*.prom")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../node/testdata/registry_node.prom") {
		for _, m := range closedLabel.FindAllStringSubmatch(read(t, page), -1) {
			known[m[1]+"="+m[2]] = true
		}
	}
	for l, code := range map[string]struct{ file, pattern string }{
		"reason": {"source/failure.go", `(?m)^\t[rR]eason\w+ += "(\w+)"$`},
		"role":   {"registry/api.go", `newAPI\(.*, "(\w+)", `},
	} {
		for _, m := range regexp.MustCompile(code.pattern).FindAllStringSubmatch(read(t, "../collector/"+code.file), -1) {
			known[l+"="+m[1]] = true
		}
	}
	return known
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestThresholds: each threshold is explained and used, and the alert about missing ones has their number.
func TestThresholds(t *testing.T) {
	const prefix = "registry:threshold:"
	count, used := 0, ""
	var missing alerts.Rule
	for _, r := range rules(t) {
		if r.Alert == "RegistryThresholdsMissing" {
			missing = r
		}
		if !strings.HasPrefix(r.Record, prefix) {
			used += r.Expr
		}
	}
	for _, r := range rules(t) {
		if !strings.HasPrefix(r.Record, prefix) {
			continue
		}
		count++
		if r.Comment == "" {
			t.Errorf("%s is not explained", r.Record)
		}
		if !strings.Contains(used, "scalar("+r.Record+")") {
			t.Errorf("%s is not used", r.Record)
		}
	}
	for _, text := range []string{missing.Expr + "$", missing.Annotations["summary"]} {
		if !regexp.MustCompile(`(!= |of )` + strconv.Itoa(count) + `( |\$)`).MatchString(text) {
			t.Errorf("there are %d thresholds, but RegistryThresholdsMissing says %q", count, text)
		}
	}
}
