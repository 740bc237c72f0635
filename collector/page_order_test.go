package collector

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// checkPage holds a page against what client_golang, which checks everything, makes of the same lines.
func checkPage(t *testing.T, page lines) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(checked(page))
	want, err := registry.Gather()
	if err != nil {
		t.Error(err)
	}
	got, err := page.Gather()
	if err != nil {
		t.Error(err)
	}
	if got, want := pageText(t, got), pageText(t, want); got != want {
		t.Errorf("got\n%s\nclient_golang makes\n%s", got, want)
	}
}

func pageText(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	var text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Error(err)
		}
	}
	return text.String()
}

// checkedLines are lines as a prometheus.Registry takes them.
type checkedLines []prometheus.Metric

func checked(page lines) checkedLines {
	var all checkedLines
	for _, l := range page {
		all = append(all, checkedLine{l, prometheus.NewDesc(l.metric.name, l.metric.help, l.metric.labels, nil)})
	}
	return all
}

func (checkedLines) Describe(chan<- *prometheus.Desc) {}

func (c checkedLines) Collect(out chan<- prometheus.Metric) {
	for _, m := range c {
		out <- m
	}
}

type checkedLine struct {
	line
	desc *prometheus.Desc
}

func (l checkedLine) Desc() *prometheus.Desc { return l.desc }

func (l checkedLine) Write(out *dto.Metric) error {
	l.write(out)
	out.Label = l.written.Label
	return nil
}

func TestPageIsInOrderWhateverTheOrderOfItsSources(t *testing.T) {
	hub := []*dto.LabelPair{labelPair("registry", "hub")}
	eqiad := []*dto.LabelPair{labelPair("registry", "hub"), labelPair("site", "eqiad")}
	page := newLines([]sample{testUp.sample(1, "b"), collectorSuccess.sample(1, "api", "a"), testUp.sample(2, "a")}, hub)
	page = append(page, newLines([]sample{testUp.sample(3, "a"), passive.sample(0)}, eqiad)...)
	checkPage(t, page)
}

func TestSeriesThatStandTwiceKeepTheFirst(t *testing.T) {
	hub := []*dto.LabelPair{labelPair("registry", "hub")}
	page := newLines([]sample{testUp.sample(1, "b"), testUp.sample(2, "a"), testUp.sample(3, "b"), testUp.sample(4, "b"), passive.sample(0)}, hub)
	families, err := page.Gather()
	if err == nil || err.Error() != "sources say the same of: registry_test_up" {
		t.Error(err)
	}
	wantLines(t, pageText(t, families), `registry_passive{registry="hub"} 0`,
		`registry_test_up{endpoint="a",registry="hub"} 2`+"\n"+`registry_test_up{endpoint="b",registry="hub"} 1`)
	if n := strings.Count(pageText(t, families), "\nregistry_test_up"); n != 2 {
		t.Errorf("%d series of two", n)
	}
}

// What the exporter says of itself is put beside what it read, and not merged with it.
func TestExporterHasNoMetricOfASource(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	self, err := e.self.Gather()
	if err != nil {
		t.Fatal(err)
	}
	read := goldenMetrics(t)
	for _, f := range self {
		if known := read[f.GetName()]; known != nil && len(known.Metric) > 0 && slices.ContainsFunc(known.Metric[0].Label, isRegistryLabel) {
			t.Errorf("%s is of a source and of the exporter", f.GetName())
		}
	}
}

func isRegistryLabel(l *dto.LabelPair) bool { return l.GetName() == "registry" }
