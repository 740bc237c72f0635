package registry

import (
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/source"
	"registry_exporter/config"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// The exporter adds these metrics to the page of each collector. Tests of this package cannot import them from it.
var (
	collectorSuccess = source.Gauge("registry_collector_success",
		"1 if the source could be read and said what it should, else 0.", "collector", "address")
	collectorDuration = source.Gauge("registry_collector_duration_seconds",
		"How long the source was read, in seconds.", "collector", "address")
	collectorFailure = source.Gauge("registry_collector_failure",
		"1 while the source fails, with one of a closed list of reasons.", "collector", "address", "reason")
	passive = source.Gauge("registry_passive",
		"1 if the configuration says passive: this site refuses writes on purpose.")
)

// A pagePart has the samples of one registry, with its labels.
type pagePart struct {
	registry *config.Registry
	samples  []source.Sample
}

// Describe implements prometheus.Collector. It names no metric, since registries with and without a site have different
// labels.
func (p pagePart) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (p pagePart) Collect(out chan<- prometheus.Metric) {
	names, values := []string{"registry"}, []string{p.registry.Name}
	if p.registry.Site != "" {
		names, values = append(names, "site"), append(values, p.registry.Site)
	}
	for _, s := range p.samples {
		desc := prometheus.NewDesc(s.Metric.Name, s.Metric.Help, slices.Concat(names, s.Metric.Labels), nil)
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, s.Value, slices.Concat(values, s.Labels)...)
	}
}

// page returns the page of a collector of the first registry. shown replaces the registry's address.
func (e *collected) page(t testing.TB, address, shown string) prometheus.Gatherer {
	t.Helper()
	page := prometheus.NewRegistry()
	for i, r := range e.config.Registries {
		samples := []source.Sample{passive.Sample(source.Bool01(r.Passive))}
		if i == 0 {
			for _, res := range e.scrape(t).results {
				samples = append(samples, res.Samples...)
				samples = append(samples, aboutReading(res)...)
			}
		}
		page.MustRegister(pagePart{r, samples})
	}
	families, err := page.Gather()
	if err != nil {
		t.Fatal(err)
	}
	golden.Settle(families, map[string]string{address: shown})
	clearMoments(t, families)
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}

func aboutReading(res source.Result) []source.Sample {
	collector, address := res.Source.Collector, res.Source.Address
	samples := []source.Sample{
		collectorSuccess.Sample(source.Bool01(res.Err == nil), collector, address),
		collectorDuration.Sample(res.Duration.Seconds(), collector, address),
	}
	if res.Err != nil {
		samples = append(samples, collectorFailure.Sample(1, collector, address, source.Reason(res.Err)))
	}
	return samples
}

// clearMoments sets moments, which must be within the last minute, and speeds to 0.
func clearMoments(t testing.TB, families []*dto.MetricFamily) {
	t.Helper()
	for _, f := range families {
		isMoment := strings.HasSuffix(f.GetName(), "_timestamp_seconds")
		if !isMoment && !strings.HasSuffix(f.GetName(), "_per_second") {
			continue
		}
		for _, m := range f.Metric {
			if age := source.Unix(time.Now()) - m.Gauge.GetValue(); isMoment && (age < 0 || age > 60) {
				t.Errorf("%s is %v: %v seconds ago", f.GetName(), m.Gauge.GetValue(), age)
			}
			m.Gauge.Value = new(float64)
		}
	}
}
