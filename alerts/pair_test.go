package alerts_test

import (
	"regexp"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/prometheus/prometheus/promql/parser"
)

// A list of a text that goes by raw series names a thing twice where two exporters see it, and a layer of two backends, too.
func TestListsInTextsNameEachThingOnce(t *testing.T) {
	lists := 0
	for _, r := range alertRules(t) {
		for name, text := range r.Annotations {
			tree := parse.New(name)
			tree.Mode = parse.SkipFuncCheck
			all := map[string]*parse.Tree{}
			if _, err := tree.Parse("{{ $labels := . }}{{ $value := . }}"+text, "", "", all); err != nil {
				t.Fatalf("%s: %s: %s", r.Alert, name, err)
			}
			for _, query := range listed(tree.Root, "") {
				lists++
				if !isAggregated(t, query) {
					t.Errorf("%s: %s lists %s: aggregate it first", r.Alert, name, query)
				}
			}
		}
	}
	if lists < 50 {
		t.Errorf("only %d lists were found", lists)
	}
}

// listed are the queries whose results the nodes below range over; dot is the query that the dot holds the results of.
func listed(n parse.Node, dot string) []string {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		var all []string
		for _, child := range n.Nodes {
			all = append(all, listed(child, dot)...)
		}
		return all
	case *parse.RangeNode:
		of := queryOf(n.Pipe)
		if of == "" && strings.HasPrefix(n.Pipe.Cmds[0].String(), ".") {
			of = dot
		}
		return append(append([]string{of}, listed(n.List, "")...), listed(n.ElseList, dot)...)
	case *parse.WithNode:
		return append(listed(n.List, queryOf(n.Pipe)), listed(n.ElseList, dot)...)
	case *parse.IfNode:
		return append(listed(n.List, dot), listed(n.ElseList, dot)...)
	}
	return nil
}

// queryOf is the text of the query in a pipe such as printf "…" $labels.registry | query; empty when it has none.
func queryOf(p *parse.PipeNode) string {
	for _, word := range p.Cmds[0].Args {
		if text, ok := word.(*parse.StringNode); ok {
			return text.Text
		}
	}
	return ""
}

// place is where a query takes the name of the registry.
var place = regexp.MustCompile(`%(\[\d\])?q`)

// isAggregated says whether no two results of the query differ by what has seen them alone. Rules aggregate what they record, except
// registry:collector_failure:ours.
func isAggregated(t *testing.T, query string) bool {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(place.ReplaceAllString(query, `"x"`))
	if err != nil {
		t.Fatalf("%s: %s", query, err)
	}
	for {
		switch e := expr.(type) {
		case *parser.AggregateExpr:
			return e.Op != parser.TOPK && e.Op != parser.BOTTOMK || isAggregated(t, e.Expr.String())
		case *parser.VectorSelector:
			return strings.HasPrefix(e.Name, "registry:") && e.Name != "registry:collector_failure:ours"
		case *parser.BinaryExpr:
			expr = e.LHS
		case *parser.ParenExpr:
			expr = e.Expr
		default:
			return false
		}
	}
}
