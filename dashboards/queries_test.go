package dashboards

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// TestQueries parses each query and holds its metrics and labels against what exporter and rules give.
func TestQueries(t *testing.T) {
	queries, err := Queries()
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
				if err := known.Check(fillIn(a.Expr)); err != nil {
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
			if err := known.Check(fmt.Sprintf("group by (%s) (%s)", m[2], fillIn(m[1]))); err != nil {
				t.Errorf("%s: variable %s: %s", d.UID, v.Name, err)
			}
			if !strings.Contains(string(v.Query), fmt.Sprintf("%q", v.Definition)) {
				t.Errorf("%s: variable %s: its definition is not its query", d.UID, v.Name)
			}
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// TestLegends holds the labels of each legend against those that its query keeps.
func TestLegends(t *testing.T) {
	known := knownMetrics(t)
	for _, d := range load(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				for _, m := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
					if err := known.Check(fmt.Sprintf("group by (%s) (%s)", m[1], fillIn(target.Expr))); err != nil {
						t.Errorf("%s: %s, query %s: its legend: %s", d.UID, p.Title, target.RefID, err)
					}
				}
			}
		}
	}
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// TestWhileBroken holds the guess by names against what the parser finds.
func TestWhileBroken(t *testing.T) {
	queries, err := Queries()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, q := range queries {
		want := true
		for _, s := range selectors(parse(t, q.Expr)) {
			want = want && (slices.Contains(faults, s.Name) || slices.ContainsFunc(s.LabelMatchers, isServerError))
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
