package panels_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"registry_exporter/alerts"
	"registry_exporter/dashboards"
)

// TestColours compares the values at which panels change colour with the thresholds of the alerts. For lines in graphs
// Grafana queries the thresholds; for colours it cannot.
func TestColours(t *testing.T) {
	values := thresholds(t)
	for _, c := range []struct {
		dashboard, panel, column string
		unit                     float64
		thresholds               []string
	}{
		{"registry-one", "CA file of the clients", "", 86400, []string{"ca_ends_soon_seconds"}},
		{"registry-traffic", "Server errors", "", 1, []string{"server_errors_ratio", "many_server_errors_ratio"}},
		{"registry-traffic", "Slow layers", "", 1, []string{"slow_layers_ratio"}},
		{"registry-traffic", "Projects", "Slow layers", 1, []string{"slow_layers_ratio"}},
		{"registry-traffic", "Slow layers by project and node", "Share", 1, []string{"slow_layers_ratio"}},
		{"registry-traffic", "Lines not read", "", 1, []string{"access_log_unmatched_ratio"}},
		{"registry-traffic", "Behind", "", 1, []string{"access_log_lag_seconds"}},
		{"registry-traffic", "Logs now", "Behind", 1, []string{"access_log_lag_seconds"}},
		{"registry-exporter", "Probe ages", "Age in intervals", 1, []string{"probe_missed_runs"}},
	} {
		steps := steps(t, c.dashboard, c.panel, c.column)
		for _, name := range c.thresholds {
			if want := values["registry:threshold:"+name] / c.unit; want == 0 || !slices.Contains(steps, want) {
				t.Errorf("%s: %s %s changes its colour at %v, the alert goes by %s, %v", c.dashboard, c.panel, c.column, steps, name, want)
			}
		}
	}
}

// steps returns the values from which on a panel that is no graph, or a column of it, has another colour.
func steps(t *testing.T, dashboard, panel, column string) []float64 {
	t.Helper()
	var found []float64
	for _, d := range load(t) {
		for _, p := range d.Panels {
			if d.UID != dashboard || p.Title != panel || p.Type == "timeseries" {
				continue
			}
			of := p.FieldConfig.Defaults.Thresholds
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					if column == "" || o.Matcher.Options != column || property.ID != "thresholds" {
						continue
					}
					of = dashboards.Thresholds{}
					if err := json.Unmarshal(property.Value, &of); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, s := range of.Steps {
				if s.Value != nil {
					found = append(found, *s.Value)
				}
			}
		}
	}
	return found
}

// thresholds returns the thresholds of the rules by name.
func thresholds(t *testing.T) map[string]float64 {
	t.Helper()
	rules, err := alerts.Rules("..")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, r := range rules {
		if c, is := parse(t, r.Expr).(*parser.Call); is && c.Func.Name == "vector" {
			values[r.Record] = number(t, c.Args[0])
		}
	}
	return values
}

// number returns the value of an expression of numbers.
func number(t *testing.T, e parser.Expr) float64 {
	t.Helper()
	switch e := e.(type) {
	case *parser.NumberLiteral:
		return e.Val
	case *parser.BinaryExpr:
		switch e.Op {
		case parser.MUL:
			return number(t, e.LHS) * number(t, e.RHS)
		case parser.DIV:
			return number(t, e.LHS) / number(t, e.RHS)
		}
	}
	t.Fatalf("not a number: %s", e)
	return 0
}
