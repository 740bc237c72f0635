// Package panels holds the queries of the dashboards against the metrics there are and the rules of the alerts.
// Its tests stand in this module and not in dashboards, for they take Prometheus' parser, which nothing else is to download.
package panels
