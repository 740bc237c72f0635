package dashboards

import (
	"regexp"
	"slices"
	"strings"
)

// A Query is one query of a panel, ready to be sent to Prometheus.
type Query struct {
	Dashboard string // its uid
	Panel     string // its title
	RefID     string
	Expr      string // with all variables filled in
	Instant   bool   // asked for now, not for a range of time
	// WhileBroken says that the query has a result only while something is broken. All others have one for a healthy registry.
	WhileBroken bool
}

// Queries returns all queries of all dashboards, as Grafana sends them when every variable is All.
func Queries() ([]Query, error) {
	all, err := Load()
	if err != nil {
		return nil, err
	}
	var queries []Query
	for _, d := range all {
		for _, p := range d.Panels {
			for _, t := range p.Targets {
				expr := FillIn(t.Expr)
				queries = append(queries, Query{
					Dashboard: d.UID, Panel: p.Title, RefID: t.RefID, Expr: expr, Instant: t.Instant, WhileBroken: whileBroken(expr),
				})
			}
		}
	}
	return queries, nil
}

// FillIn replaces the variables and intervals as Grafana does.
func FillIn(expr string) string {
	return strings.NewReplacer("$registry", ".*", "$site", ".*", "$__rate_interval", "5m", "$__range", "1h").Replace(expr)
}

var metricName = regexp.MustCompile(regexp.QuoteMeta(serverErrors) + `|\b(?:up|ALERTS|registry[_:][\w:]+|(?:go|process)_\w+)\b`)

// serverErrors is the beginning of a selector. The metric is always there, but only a broken registry has these series.
const serverErrors = `registry_access_requests_total{code=~"5.."`

// Faults are metrics that a page has only while something is broken.
var Faults = [...]string{
	serverErrors, "ALERTS", "registry_collector_failure", "registry_health_check_failing",
	"registry_pull_content_bad", "registry_pull_failure", "registry_push_failure", "registry_replication_failure",
}

// whileBroken says whether an expression has results only while something is broken.
func whileBroken(expr string) bool {
	return !slices.ContainsFunc(metricName.FindAllString(expr, -1), func(name string) bool { return !slices.Contains(Faults[:], name) })
}
