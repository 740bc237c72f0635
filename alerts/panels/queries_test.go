package panels_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"registry_exporter/alerts"
	"registry_exporter/dashboards"
)

// TestQueries parses each query, and compares its metrics and labels with those of the exporter and the rules.
func TestQueries(t *testing.T) {
	queries, err := dashboards.Queries()
	if err != nil {
		t.Fatal(err)
	}
	if len(queries) < 100 {
		t.Fatalf("only %d queries found", len(queries))
	}
	known := knownMetrics(t)
	for _, q := range queries {
		if err := known.Check(q.Expr); err != nil {
			t.Errorf("%s: %s, query %s: %s", q.Dashboard, q.Panel, q.RefID, err)
		}
	}
}

// TestOtherQueries does the same for annotations and variables.
func TestOtherQueries(t *testing.T) {
	known := knownMetrics(t)
	for _, d := range load(t) {
		for _, a := range d.Annotations.List {
			if a.BuiltIn == 0 {
				if err := known.Check(dashboards.FillIn(a.Expr)); err != nil {
					t.Errorf("%s: annotation %s: %s", d.UID, a.Name, err)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type != "query" {
				continue
			}
			m := labelValues.FindStringSubmatch(v.Definition)
			if m == nil {
				t.Errorf("%s: variable %s: %q is not label_values(metric, label)", d.UID, v.Name, v.Definition)
				continue
			}
			if err := known.Check(fmt.Sprintf("group by (%s) (%s)", m[2], dashboards.FillIn(m[1]))); err != nil {
				t.Errorf("%s: variable %s: %s", d.UID, v.Name, err)
			}
			if !strings.Contains(string(v.Query), fmt.Sprintf("%q", v.Definition)) {
				t.Errorf("%s: variable %s: its definition is not its query", d.UID, v.Name)
			}
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// TestLegends compares the labels of each legend with those of the query's result.
func TestLegends(t *testing.T) {
	known := knownMetrics(t)
	for _, d := range load(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				for _, m := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
					if err := known.Check(fmt.Sprintf("group by (%s) (%s)", m[1], dashboards.FillIn(target.Expr))); err != nil {
						t.Errorf("%s: %s, query %s: its legend: %s", d.UID, p.Title, target.RefID, err)
					}
				}
			}
		}
	}
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// TestRows: a table that merges several queries has each row once. A query that adds labels to those of the first must
// pick one series for each row: two exporters may differ, such as in the reason of a failure.
func TestRows(t *testing.T) {
	known := knownMetrics(t)
	for _, d := range load(t) {
		for _, p := range d.Panels {
			if p.Type != "table" || len(p.Targets) < 2 {
				continue
			}
			rows, err := known.LabelsOf(dashboards.FillIn(p.Targets[0].Expr))
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range p.Targets[1:] {
				labels, err := known.LabelsOf(dashboards.FillIn(target.Expr))
				if err != nil {
					t.Fatal(err)
				}
				for label := range labels {
					if !rows[label] && !strings.Contains(target.Expr, "topk by (") {
						t.Errorf("%s: %s, query %s: its %s may split a row in two", d.UID, p.Title, target.RefID, label)
					}
				}
			}
		}
	}
}

// TestAlertsAreOurs: panels show all alerts of the rules in alerts/, and no alerts of other rules in the same Prometheus.
func TestAlertsAreOurs(t *testing.T) {
	rules, err := alerts.Rules("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range allSelectors(t) {
		if s.Name != "ALERTS" {
			continue
		}
		i := slices.IndexFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == "alertname" })
		if i < 0 || s.LabelMatchers[i].Matches("InstanceDown") {
			t.Errorf("%s takes alerts of others", s)
			continue
		}
		for _, r := range rules {
			if r.Alert != "" && !s.LabelMatchers[i].Matches(r.Alert) {
				t.Errorf("%s misses %s", s, r.Alert)
			}
		}
	}
}

// TestLogsAreSummed: like the alerts, the dashboard Traffic sums over exporters. Each reads other logs, so the largest of
// their counters says nothing.
func TestLogsAreSummed(t *testing.T) {
	queries, err := dashboards.Queries()
	if err != nil {
		t.Fatal(err)
	}
	sums := 0
	for _, q := range queries {
		parser.Inspect(parse(t, q.Expr), func(n parser.Node, _ []parser.Node) error {
			a, is := n.(*parser.AggregateExpr)
			if !is || !countsLogs(a.Expr) {
				return nil
			}
			sums++
			if a.Op != parser.SUM {
				t.Errorf("%s: %s, query %s takes the %s of what several exporters count: %s", q.Dashboard, q.Panel, q.RefID, a.Op, a)
			}
			return nil
		})
	}
	if sums == 0 {
		t.Error("no counter of an access log is summed")
	}
}

// countsLogs says whether an expression is the rate of a counter of access logs, before it is aggregated.
func countsLogs(e parser.Expr) bool {
	rates, aggregated := false, false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.AggregateExpr:
			aggregated = true
		case *parser.Call:
			rates = rates || n.Func.Name == "rate" || n.Func.Name == "increase"
		}
		return nil
	})
	return rates && !aggregated && slices.ContainsFunc(selectors(e), func(s *parser.VectorSelector) bool { return strings.HasPrefix(s.Name, "registry_access_") })
}

// TestWhileBroken compares dashboards.Query.WhileBroken, which is told from names, with what the parser finds.
func TestWhileBroken(t *testing.T) {
	queries, err := dashboards.Queries()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, q := range queries {
		want := true
		for _, s := range selectors(parse(t, q.Expr)) {
			want = want && (slices.Contains(dashboards.Faults[:], s.Name) || slices.ContainsFunc(s.LabelMatchers, isServerError))
		}
		if q.WhileBroken != want {
			t.Errorf("%s: %s, query %s: WhileBroken is %t, want %t", q.Dashboard, q.Panel, q.RefID, q.WhileBroken, want)
		}
		if want {
			found++
		}
	}
	if found == 0 || found > len(queries)/10 {
		t.Errorf("%d of %d queries have an answer only while something is broken", found, len(queries))
	}
}

// allSelectors returns the selectors of panels and annotations.
func allSelectors(t *testing.T) []*parser.VectorSelector {
	t.Helper()
	var all []*parser.VectorSelector
	for _, d := range load(t) {
		for _, a := range d.Annotations.List {
			if a.BuiltIn == 0 {
				all = append(all, selectors(parse(t, dashboards.FillIn(a.Expr)))...)
			}
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all = append(all, selectors(parse(t, dashboards.FillIn(target.Expr)))...)
			}
		}
	}
	return all
}

func isServerError(m *labels.Matcher) bool {
	return m.Name == "code" && m.Type == labels.MatchRegexp && m.Value == "5.."
}

func parse(t *testing.T, expr string) parser.Expr {
	t.Helper()
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %s", expr, err)
	}
	return tree
}

func selectors(tree parser.Expr) []*parser.VectorSelector {
	var all []*parser.VectorSelector
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		if s, is := n.(*parser.VectorSelector); is {
			all = append(all, s)
		}
		return nil
	})
	return all
}
