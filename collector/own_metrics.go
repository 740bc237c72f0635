package collector

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
)

// registerSelf makes the metrics about the exporter itself, its build, Go's runtime and its process.
func (e *Exporter) registerSelf() {
	newGauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	e.reloadGood = newGauge("registry_exporter_config_last_reload_successful",
		"1 if the last load of the configuration succeeded, 0 if it failed and the old one is still in force.")
	e.reloadTime = newGauge("registry_exporter_config_last_reload_success_timestamp_seconds",
		"When the configuration in force was loaded, in seconds since 1970.")
	e.scrapesRejected = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "registry_exporter_scrapes_rejected_total",
		Help: "Scrapes answered with 503 because too many were under way.",
	})
	newGaugeFunc := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	underWay := newGaugeFunc("registry_exporter_requests_in_flight",
		"Requests to registries, stores and Redis that are under way, at most 480.", func() int { n, _ := e.budget.UnderWay(); return n })
	waiting := newGaugeFunc("registry_exporter_requests_waiting",
		"Requests that wait for others to end. One that waits until its scrape or run ends fails (reason exporter_overloaded).", func() int { _, n := e.budget.UnderWay(); return n })
	overloaded := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "registry_exporter_overloaded_total",
		Help: "Requests to registries that failed because this machine had no descriptors or no memory left, or too many other requests under way (reason exporter_overloaded).",
	}, func() float64 { return float64(e.budget.Overloaded()) })
	webInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "registry_exporter_web_info", Help: "Always 1; external_url is where people reach this exporter (--web.external-url).",
		ConstLabels: prometheus.Labels{"external_url": e.opts.ExternalURL},
	})
	webInfo.Set(1)
	e.web = prometheus.NewRegistry()
	e.web.MustRegister(webInfo)
	e.self = prometheus.NewRegistry()
	e.self.MustRegister(webInfo, e.reloadGood, e.reloadTime, e.scrapesRejected, overloaded, underWay, waiting,
		versioncollector.NewCollector("registry_exporter"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
