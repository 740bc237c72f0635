package golden

import (
	"errors"
	"fmt"
	"maps"

	"github.com/prometheus/prometheus/promql/parser"
)

// nameLabel is the label in which Prometheus has the name of a metric.
const nameLabel = "__name__"

// Check parses an expression. It returns an error for each metric and each label that does not exist.
func (m Metrics) Check(expr string) error {
	_, err := m.LabelsOf(expr)
	return err
}

// LabelsOf returns the labels that the result of an expression has.
func (m Metrics) LabelsOf(expr string) (map[string]bool, error) {
	node, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	c := checker{metrics: m}
	found := c.node(node)
	if c.errs != nil {
		return nil, fmt.Errorf("%s: %w", expr, errors.Join(c.errs...))
	}
	return found, nil
}

// A checker walks through an expression and collects its errors.
type checker struct {
	metrics Metrics
	errs    []error
}

func (c *checker) errorf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// node returns the labels of the result of n.
func (c *checker) node(n parser.Node) map[string]bool {
	switch n := n.(type) {
	case *parser.VectorSelector:
		return c.selector(n)
	case *parser.AggregateExpr:
		return c.aggregation(n)
	case *parser.BinaryExpr:
		return c.binary(n)
	case *parser.Call:
		return c.call(n)
	}
	all := map[string]bool{}
	for child := range parser.ChildrenIter(n) {
		maps.Copy(all, c.node(child))
	}
	return all
}

func (c *checker) selector(s *parser.VectorSelector) map[string]bool {
	found := map[string]bool{}
	for _, name := range c.names(s) {
		maps.Copy(found, c.metrics[name])
	}
	if s.Name != "" && c.metrics[s.Name] == nil {
		c.errorf("there is no metric %s", s.Name)
		return found
	}
	for _, m := range s.LabelMatchers {
		if m.Name != nameLabel && !found[m.Name] {
			c.errorf("%s has no label %s", s.Name, m.Name)
		}
	}
	return found
}

// names returns the metrics that a selector finds: one, or all whose names a matcher of __name__ takes.
func (c *checker) names(s *parser.VectorSelector) []string {
	if s.Name != "" {
		return []string{s.Name}
	}
	var names []string
	for name := range c.metrics {
		for _, m := range s.LabelMatchers {
			if m.Name == nameLabel && m.Matches(name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		c.errorf("no metric matches %s", s)
	}
	return names
}

func (c *checker) aggregation(a *parser.AggregateExpr) map[string]bool {
	if a.Param != nil {
		c.node(a.Param)
	}
	inner := c.node(a.Expr)
	for _, l := range a.Grouping {
		if !inner[l] {
			c.errorf("%s groups by %s, which is not there", a.Op, l)
		}
	}
	switch {
	case a.Op == parser.TOPK || a.Op == parser.BOTTOMK:
		return inner
	case a.Without:
		return without(inner, a.Grouping)
	}
	return set(a.Grouping...)
}

func (c *checker) binary(b *parser.BinaryExpr) map[string]bool {
	left, right := c.node(b.LHS), c.node(b.RHS)
	match := b.VectorMatching
	switch {
	case match == nil: // a number on one side
		maps.Copy(left, right)
		return left
	case match.On:
		for _, l := range match.MatchingLabels {
			if !left[l] || !right[l] {
				c.errorf("on (%s): not on both sides", l)
			}
		}
	default:
		for _, l := range match.MatchingLabels {
			if !left[l] && !right[l] {
				c.errorf("ignoring (%s): on neither side", l)
			}
		}
		c.mustMatch(without(left, match.MatchingLabels), without(right, match.MatchingLabels), b)
	}
	if b.Op == parser.LOR {
		maps.Copy(left, right)
	}
	return left
}

// mustMatch adds an error when one side always has a label that the other never has: Prometheus would find no pair.
func (c *checker) mustMatch(left, right map[string]bool, b *parser.BinaryExpr) {
	if b.Op != parser.LOR && !maps.Equal(left, right) {
		c.errorf("%s: the sides have different labels", b)
	}
}

func (c *checker) call(call *parser.Call) map[string]bool {
	all := map[string]bool{}
	for _, arg := range call.Args {
		maps.Copy(all, c.node(arg))
	}
	switch call.Func.Name {
	case "scalar", "vector", "time":
		return map[string]bool{}
	case "label_replace", "label_join":
		if name, ok := call.Args[1].(*parser.StringLiteral); ok {
			add(all, name.Val)
		}
	case "histogram_quantile":
		delete(all, "le")
	}
	return all
}

func without(s map[string]bool, members []string) map[string]bool {
	rest := maps.Clone(s)
	for _, member := range members {
		delete(rest, member)
	}
	return rest
}
