package collectortest

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"registry_exporter/collector"
)

var update = flag.Bool("update", false, "write the pages that come out as the pages that are wanted")

// Update says whether tests write golden files instead of comparing them.
func Update() bool { return *update }

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
	for _, f := range families {
		for _, m := range f.Metric {
			settle(f.GetName(), m, names)
		}
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
}

// parsePage reads a page, without what the exporter says of itself.
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

// settle takes out of a sample what differs from run to run.
func settle(name string, m *dto.Metric, names map[string]string) {
	for _, l := range m.Label {
		if name, found := names[l.GetValue()]; found {
			l.Value = &name
		}
	}
	if strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_timestamp_seconds") && m.Gauge != nil {
		m.Gauge.Value = new(float64)
	}
}

// ComparePage compares a page with FOLDER/FOLDER.prom, and lints it.
func ComparePage(t testing.TB, folder string, page prometheus.Gatherer) {
	t.Helper()
	file := filepath.Join(folder, filepath.Base(folder)+".prom")
	if *update {
		writePage(t, file, page)
	}
	want, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := testutil.GatherAndCompare(page, want); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(page)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}

func writePage(t testing.TB, file string, page prometheus.Gatherer) {
	t.Helper()
	if families, err := page.Gather(); err != nil || len(families) == 0 {
		t.Fatalf("%s would be empty: nothing is written (%v)", file, err)
	}
	if err := prometheus.WriteToTextfile(file, page); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
}

// CompareText compares a text with a golden file.
func CompareText(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if got == "" {
			t.Fatalf("%s would be empty: nothing is written", file)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now:\n%s", file, got)
	}
}
