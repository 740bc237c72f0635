package collector

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest/golden"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const metricsDoc = "../METRICS.md"

// TestMetricsDoc compares METRICS.md with the golden pages from which it is made.
func TestMetricsDoc(t *testing.T) {
	golden.CompareText(t, metricsDoc, documentMetrics(goldenMetrics(t)))
	if t.Failed() {
		t.Error("METRICS.md is not what the golden pages say: run go test ./collector -run TestMetricsDoc -update")
	}
}

// TestEveryMetricHasAGoldenPage compares the names in the code with those on the pages.
func TestEveryMetricHasAGoldenPage(t *testing.T) {
	onPages := goldenMetrics(t)
	definition := regexp.MustCompile(`(?:source\.(?:Gauge|Counter|Histogram)|newGauge)\(\s*"(registry_\w+)"|Name: "(registry_exporter_\w+)"`)
	found := 0
	err := filepath.WalkDir(".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		for _, m := range definition.FindAllStringSubmatch(string(text), -1) {
			found++
			if name := m[1] + m[2]; onPages[name] == nil {
				t.Errorf("%s in %s is on no golden page", name, file)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 80 {
		t.Errorf("only %d definitions of metrics found in the code", found)
	}
}

// TestMetricNames: no metric has a name that Distribution itself exports.
func TestMetricNames(t *testing.T) {
	for name := range goldenMetrics(t) {
		if !strings.HasPrefix(name, "registry_") {
			t.Errorf("%s does not begin with registry_", name)
		}
		for _, taken := range []string{"registry_http_", "registry_storage_", "registry_proxy_", "registry_notifications_"} {
			if strings.HasPrefix(name, taken) {
				t.Errorf("%s begins as Distribution's own metrics do", name)
			}
		}
	}
}

// goldenMetrics returns the families of all golden pages and of the exporter itself, with the samples of all pages.
func goldenMetrics(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	all := map[string]*dto.MetricFamily{}
	add := func(f *dto.MetricFamily) {
		if known := all[f.GetName()]; known != nil {
			known.Metric = append(known.Metric, f.Metric...)
			return
		}
		all[f.GetName()] = f
	}
	pages, err := filepath.Glob("*/testdata/*/*/*.prom")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.Open(page)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(text)
		text.Close()
		if err != nil {
			t.Fatalf("%s: %s", page, err)
		}
		for _, f := range families {
			add(f)
		}
	}
	e := newTestExporter(t, "registries: [{name: hub, url: 'http://registry.example.org'}]\n")
	self, err := prometheus.Gatherers{e.self}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range self {
		if strings.HasPrefix(f.GetName(), "registry_") {
			add(f)
		}
	}
	return all
}

func documentMetrics(families map[string]*dto.MetricFamily) string {
	var b strings.Builder
	b.WriteString(`# Metrics

Made from the golden pages of the tests by ` + "`go test ./collector -run TestMetricsDoc -update`" + `.

Every sample of a registry has the label ` + "`registry`" + `, and ` + "`site`" + ` where the configuration names one; they are left out below.
` + "`address`" + ` is the host:port that was asked (of Swift that of the auth URL); of ` + "`access`" + ` and ` + "`registry_log`" + ` it is the paths of the logs. 1 is yes, 0 is no.

Always there for every configured address, 0 when nothing could be learnt: ` + "`registry_collector_success`, `registry_collector_duration_seconds`, `registry_passive`, `registry_api_up`, `registry_health_ok`, `registry_msr_ping_healthy`, `registry_harbor_healthy`, `registry_swift_reachable`, `registry_redis_reachable`" + `.
These, of probes, are 0, too, when the last run could learn nothing, but absent until the first run has ended: ` + "`registry_pull_success`, `registry_push_success`, `registry_swift_read_success`, `registry_swift_write_success`, `registry_trust_read_success`" + `;
so are ` + "`registry_collector_success` and `registry_collector_duration_seconds`" + ` of the probe, and of an access log of which reading has not begun. Until then there is ` + "`registry_collector_failure{reason=\"pending\"}`" + `.
All others are absent while they cannot be measured: a made-up 0 would read as "no objects" or "no issues".

No label is named endpoint, container, node, pod, service or namespace: the Prometheus Operator sets these on each target, and they overwrite those of the samples, which become exported_endpoint and so on.
So the host:port is ` + "`address`" + `, the container in Swift ` + "`swift_container`" + `, and the node behind a web server ` + "`upstream_node`" + `.

A ` + "`…_failure`" + ` series is there only while something fails: a series for each reason, 0 for ever, would be 40 times as many.
Where a query needs a 0 in its place, take it from a series that is always there:

    max by (registry, site, address) (registry_collector_failure{collector="api"})
      or 0 * max by (registry, site, address) (registry_collector_success{collector="api"})

All that do not fail: ` + "`registry_collector_success unless ignoring (reason) registry_collector_failure`" + `.

| metric | type | labels | help, with its source |
|---|---|---|---|
`)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), labelNames(f), strings.ReplaceAll(f.GetHelp(), "|", `\|`))
	}
	return b.String()
}

func labelNames(f *dto.MetricFamily) string {
	names := map[string]bool{}
	for _, m := range f.Metric {
		for _, l := range m.Label {
			if l.GetName() != "registry" && l.GetName() != "site" {
				names["`"+l.GetName()+"`"] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}
