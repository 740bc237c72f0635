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

func ago(t time.Time) string { return source.Span(time.Since(t)) + " ago" }

// A card is what the page shows of one registry.
type card struct {
	*RegistryReport
	Class, Word string
	First       *Finding
	More        []*Finding
}

// WriteStatus writes the page of a report.
func (r *Report) WriteStatus(w io.Writer) error { return statusPage.Execute(w, newStatus(r)) }

// A status is the page.
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
		return cmp.Or(a.order()-b.order(), strings.Compare(a.Name(), b.Name()))
	})
	s.Title = s.count()
	return s
}

// levels are how a registry can be, the worst first, with the word for one and for several.
var levels = []struct{ class, one, several string }{
	{"broken", "Broken", "broken"},
	{"ill", "Needs care", "in need of care"},
	{"waiting", "Waiting", "waiting"},
	{"well", "All well", "well"},
}

func (c card) order() int {
	for i, l := range levels {
		if l.class == c.Class {
			return i
		}
	}
	return len(levels)
}

func newCard(r *RegistryReport) card {
	at := 3
	switch {
	case slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.Severity == severityCritical }):
		at = 0
	case len(r.Findings) > 0:
		at = 1
	case r.State == source.StateWaiting:
		at = 2
	}
	c := card{RegistryReport: r, Class: levels[at].class, Word: levels[at].one}
	if len(r.Findings) > 0 {
		c.First, c.More = r.Findings[0], r.Findings[1:]
	}
	return c
}

// count says how many registries are how.
func (s status) count() string {
	var parts []string
	for _, l := range levels {
		n := 0
		for _, c := range s.Cards {
			if c.Class == l.class {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, l.several))
		}
	}
	return strings.Join(parts, ", ")
}
