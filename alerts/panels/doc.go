// Package panels tests the dashboards: their queries against the metrics that exist, and their thresholds against those
// of the alerts. It is in this module, and not in dashboards, since it needs Prometheus' parser, which only this module
// downloads.
package panels
