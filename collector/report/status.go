package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"

	"github.com/prometheus/common/version"
)

//go:embed status.html
var statusHTML string

var statusPage = template.Must(template.New("status").Funcs(template.FuncMap{"took": source.Took, "ago": ago, "plural": source.Plural}).Parse(statusHTML))

// ago writes how long ago t was, such as "59 s ago".
func ago(t time.Time) string { return source.Span(time.Since(t)) + " ago" }

// A card is one registry on the page.
type card struct {
	*RegistryReport
	condition int
	Class     string // of CSS, such as "broken"
	Word      string // such as "Broken"
	First     *FindingReport
	More      []*FindingReport
}

// WriteStatus writes the report as an HTML page without scripts, the worst registry first. The error is that of w.
func (r *Report) WriteStatus(w io.Writer) error { return statusPage.Execute(w, newStatus(r)) }

// A status is what the template shows.
type status struct {
	Title, Time, Version string
	Cards                []card
}

func newStatus(r *Report) status {
	s := status{Time: r.Time.UTC().Format("2006-01-02 15:04:05 UTC"), Version: version.Version}
	for _, reg := range r.Registries {
		s.Cards = append(s.Cards, newCard(reg))
	}
	slices.SortStableFunc(s.Cards, func(a, b card) int {
		return cmp.Or(a.condition-b.condition, strings.Compare(a.Name(), b.Name()))
	})
	s.Title = s.count()
	return s
}

// The conditions of a registry, the worst first.
const (
	broken  = iota // it has a critical finding
	ill            // it has findings, none of them critical
	waiting        // a probe has not ended its first run
	well
)

// conditions have the class of CSS, the word for one registry, and that for several.
var conditions = [...]struct{ class, one, several string }{
	broken:  {"broken", "Broken", "broken"},
	ill:     {"ill", "Needs care", "in need of care"},
	waiting: {"waiting", "Waiting", "waiting"},
	well:    {"well", "All well", "well"},
}

func newCard(r *RegistryReport) card {
	c := card{RegistryReport: r, condition: conditionOf(r)}
	c.Class, c.Word = conditions[c.condition].class, conditions[c.condition].one
	if len(r.Findings) > 0 {
		c.First, c.More = r.Findings[0], r.Findings[1:]
	}
	return c
}

func conditionOf(r *RegistryReport) int {
	switch {
	case slices.ContainsFunc(r.Findings, func(f *FindingReport) bool { return f.Severity == severityCritical }):
		return broken
	case len(r.Findings) > 0:
		return ill
	case r.State == source.StateWaiting:
		return waiting
	}
	return well
}

// count writes how many registries are in each condition, such as "2 broken, 1 in need of care, 4 well".
func (s status) count() string {
	var counts [len(conditions)]int
	for _, c := range s.Cards {
		counts[c.condition]++
	}
	var parts []string
	for i, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, conditions[i].several))
		}
	}
	return strings.Join(parts, ", ")
}
