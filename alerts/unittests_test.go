package alerts_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// A unitTest is one test in a file for promtool test rules.
type unitTest struct {
	Name          string
	InputSeries   []struct{ Series string } `yaml:"input_series"`
	AlertRuleTest []struct {
		EvalTime  time.Duration `yaml:"eval_time"`
		Alertname string
		ExpAlerts []struct {
			Labels      map[string]string `yaml:"exp_labels"`
			Annotations map[string]string `yaml:"exp_annotations"`
		} `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
	PromqlExprTest []struct {
		Expr       string
		ExpSamples []struct{ Labels string } `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

// allFiring is the expression of tests that list all alerts which fire.
const allFiring = `count by (alertname, registry, site, severity) (ALERTS{alertstate="firing"})`

// firing returns the alerts in such a list.
func (u unitTest) firing(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, c := range u.PromqlExprTest {
		for _, s := range c.ExpSamples {
			labels, err := parser.NewParser(parser.Options{}).ParseMetric(s.Labels)
			if err != nil {
				t.Fatal(err)
			}
			if c.Expr == allFiring {
				names = append(names, labels.Get("alertname"))
			}
		}
	}
	return names
}

func unitTests(t *testing.T) []unitTest {
	t.Helper()
	names, err := filepath.Glob("tests/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tests for promtool: %v", err)
	}
	var all []unitTest
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Tests []unitTest }
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		all = append(all, file.Tests...)
	}
	return all
}

// fires says whether the alert is expected at any time of the test.
func (u unitTest) fires(alert string) bool {
	for _, c := range u.AlertRuleTest {
		if c.Alertname == alert && len(c.ExpAlerts) > 0 {
			return true
		}
	}
	return false
}

// staysSilent says whether the test checks the alert after its `for`, and never expects it to fire.
func (u unitTest) staysSilent(alert string, wait time.Duration) bool {
	looked := false
	for _, c := range u.AlertRuleTest {
		looked = looked || c.Alertname == alert && c.EvalTime > wait
	}
	return looked && !u.fires(alert)
}

func TestEveryAlertFiresAndStaysSilent(t *testing.T) {
	tests := unitTests(t)
	for _, r := range alertRules(t) {
		if !slices.ContainsFunc(tests, func(u unitTest) bool { return u.fires(r.Alert) }) {
			t.Errorf("%s: no test in which it fires", r.Alert)
		}
		if !slices.ContainsFunc(tests, func(u unitTest) bool { return u.staysSilent(r.Alert, r.For) }) {
			t.Errorf("%s: no test in which it stays silent", r.Alert)
		}
	}
}

// TestUnitTests: each test names alerts that exist, and checks all their texts.
func TestUnitTests(t *testing.T) {
	known := map[string]bool{}
	for _, r := range alertRules(t) {
		known[r.Alert] = true
	}
	for _, u := range unitTests(t) {
		for _, c := range u.AlertRuleTest {
			if !known[c.Alertname] {
				t.Errorf("%s: there is no alert %s", u.Name, c.Alertname)
			}
			for _, a := range c.ExpAlerts {
				if got := slices.Sorted(maps.Keys(a.Annotations)); !slices.Equal(got, annotations) {
					t.Errorf("%s: %s is tested with texts %q, want %q", u.Name, c.Alertname, got, annotations)
				}
			}
		}
	}
}

// TestInputSeries: tests use only series that the exporter can have.
func TestInputSeries(t *testing.T) {
	m := metrics(t)
	p := parser.NewParser(parser.Options{})
	for _, u := range unitTests(t) {
		for _, s := range u.InputSeries {
			series, err := p.ParseMetric(s.Series)
			if err != nil {
				t.Fatalf("%s: %s: %s", u.Name, s.Series, err)
			}
			labels := series.Map()
			name := labels["__name__"]
			delete(labels, "__name__")
			if err := m.CheckSeries(name, slices.Collect(maps.Keys(labels))); err != nil {
				t.Errorf("%s: %s", u.Name, err)
			}
		}
	}
}

// TestLengths: a summary fits on the screen of a locked phone, and a description into the message of a pager.
func TestLengths(t *testing.T) {
	const summary, description = 110, 500 // characters
	for _, u := range unitTests(t) {
		for _, c := range u.AlertRuleTest {
			for _, a := range c.ExpAlerts {
				if n := utf8.RuneCountInString(a.Annotations["summary"]); n > summary {
					t.Errorf("%s: the summary of %s has %d characters, more than %d", u.Name, c.Alertname, n, summary)
				}
				if n := utf8.RuneCountInString(a.Annotations["description"]); n > description {
					t.Errorf("%s: the description of %s has %d characters, more than %d", u.Name, c.Alertname, n, description)
				}
			}
		}
	}
}
