// Package collector is the exporter: it reads registries, and the systems behind them, when Prometheus scrapes it.
//
//	table.go            the collectors, such as "msr", and the packages that make their sources
//	target.go           target: one registry or one site of it, with all its sources
//	exporter.go         Exporter: New, Start and Stop; own_metrics.go: its metrics about itself
//	configuration.go    the configuration in force, and its reload
//	find.go             the registries and collectors that a request names
//	history.go          when each source last worked, and with which configuration; --state.dir keeps it
//	clock.go            runs the probes; companions.go: the readers of logs
//	scrape.go           reads targets until shortly before Prometheus gives up; page.go: samples become a page
//	clients.go          how many scrapes each address has under way; refused.go: the log names those that have too many
//	serve_metrics.go    /metrics and /probe; serve_page.go: a page in text, OpenMetrics or protobuf
//	serve_discovery.go  /sd; serve_status.go: the page for browsers at /
//	check.go            the command check; reports.go: the results of sources become a report; situation.go: what a runbook says of a registry
//
// For example, this serves the registries of a file at /metrics:
//
//	e, err := collector.New(collector.Options{ConfigFile: "registry_exporter.yml", Registries: true, Logger: logger})
//	if err != nil {
//		return err
//	}
//	e.Start()
//	defer e.StopProbes()
//	http.HandleFunc("GET /metrics", e.ServeMetrics)
package collector
