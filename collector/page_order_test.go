package collector

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"

	"github.com/go-kit/log"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

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

func TestPageIsInOrderWhateverTheOrderOfItsSources(t *testing.T) {
	hub := []*dto.LabelPair{labelPair("registry", "hub")}
	eqiad := []*dto.LabelPair{labelPair("registry", "hub"), labelPair("site", "eqiad")}
	page := newLines([]source.Sample{testUp.Sample(1, "b"), passive.Sample(1), testUp.Sample(2, "a")}, hub)
	page = append(page, newLines([]source.Sample{testUp.Sample(3, "a"), passive.Sample(0)}, eqiad)...)
	families, err := newPage(page).Gather()
	if err != nil {
		t.Error(err)
	}
	const want = `registry_passive{registry="hub"} 1
registry_passive{registry="hub",site="eqiad"} 0
registry_test_up{address="a",registry="hub"} 2
registry_test_up{address="b",registry="hub"} 1
registry_test_up{address="a",registry="hub",site="eqiad"} 3
`
	if got := seriesOf(pageText(t, families)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSeriesThatStandTwiceCostOnlyThemselves(t *testing.T) {
	hub := []*dto.LabelPair{labelPair("registry", "hub")}
	page := newLines([]source.Sample{testUp.Sample(1, "b"), testUp.Sample(2, "a"), testUp.Sample(3, "b"), passive.Sample(0)}, hub)
	var logged strings.Builder
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	w := httptest.NewRecorder()
	e.servePage(w, httptest.NewRequest(http.MethodGet, "/metrics", nil), newPage(page, e.web))
	const want = `registry_exporter_web_info{external_url="http://exporter.example.org:10500"} 1
registry_passive{registry="hub"} 0
registry_test_up{address="a",registry="hub"} 2
registry_test_up{address="b",registry="hub"} 1
`
	if got := seriesOf(w.Body.String()); w.Code != http.StatusOK || got != want {
		t.Errorf("%d\n%swant\n%s", w.Code, got, want)
	}
	if text := logged.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `level=error msg="serving a page"`) ||
		!strings.Contains(text, "registry_test_up") || !strings.Contains(text, "was collected before with the same name and label values") {
		t.Errorf("log:\n%s", text)
	}
}

// seriesOf returns the series of a page, without HELP and TYPE.
func seriesOf(page string) string {
	var series strings.Builder
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "#") {
			series.WriteString(line)
		}
	}
	return series.String()
}

// When a metric had samples of the exporter and of a source, the page would lose some of them.
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
