package collectortest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest/golden"
)

// Update says whether tests write golden files instead of comparing them.
func Update() bool { return golden.Update() }

// Page reads one collector of the registry hub. Times become 0, and names replace addresses in labels.
func Page(t testing.TB, e *collector.Exporter, collector string, names map[string]string) prometheus.Gatherer {
	t.Helper()
	return PageOf(t, e, "registry=hub", collector, names)
}

// PageOf reads one collector of the registry that query names. Times become 0, and names replace addresses in labels.
func PageOf(t testing.TB, e *collector.Exporter, query, collector string, names map[string]string) prometheus.Gatherer {
	t.Helper()
	status, text := Ask(t, e.ServeProbe, "/probe?"+query+"&collect[]="+collector)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	families := parsePage(t, text)
	golden.Settle(families, names)
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}

// parsePage reads a page, without the metrics of the exporter itself.
func parsePage(t testing.TB, text string) []*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var families []*dto.MetricFamily
	for name, f := range byName {
		if !strings.HasPrefix(name, "registry_exporter_") {
			families = append(families, f)
		}
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return families
}

// withoutRunTimes makes the times of runs 0, which must be within the last minute.
func withoutRunTimes(t testing.TB, page prometheus.Gatherer) prometheus.Gatherer {
	t.Helper()
	families, err := page.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasSuffix(f.GetName(), "_last_run_timestamp_seconds") {
			continue
		}
		for _, m := range f.Metric {
			if age := time.Since(time.UnixMilli(int64(m.Gauge.GetValue() * 1000))); age < -time.Second || age > time.Minute {
				t.Errorf("%s is %s ago", f.GetName(), age)
			}
			m.Gauge.Value = new(float64)
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}

// ComparePage compares a page with FOLDER/FOLDER.prom, and lints it.
func ComparePage(t testing.TB, folder string, page prometheus.Gatherer) {
	t.Helper()
	golden.ComparePage(t, folder, page)
}

// CompareText compares a text with a golden file.
func CompareText(t testing.TB, file, got string) {
	t.Helper()
	golden.CompareText(t, file, got)
}
