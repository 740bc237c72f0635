package collector

import (
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"registry_exporter/collector/source"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// benchSamples is how many samples the page of eleven MSRs has.
const benchSamples = 4000

// BenchmarkPageCost serves 4,000 samples through promhttp, made of lines and of client_golang's constant metrics. It
// reports the CPU time of the whole process, garbage collection included.
//
//	go test ./collector -run '^$' -bench PageCost -count 10
func BenchmarkPageCost(b *testing.B) {
	registry := benchExporter(b).live.Load().registries[0]
	page := registry.scrape(b.Context(), maxScrape, 0, everything, log.NewNopLogger())
	sites := make([][]source.Sample, 0, benchSamples/len(page)+1)
	for left := benchSamples; left > 0; left -= len(page) {
		var samples []source.Sample
		for _, l := range page[:min(left, len(page))] {
			samples = append(samples, l.Sample)
		}
		sites = append(sites, samples)
	}
	for name, gather := range map[string]func([][]source.Sample) prometheus.Gatherer{"lines": gatherLines, "const": gatherConst} {
		for _, encoding := range []string{"identity", "gzip"} {
			b.Run(name+"/"+encoding, func(b *testing.B) { benchServing(b, encoding, func() prometheus.Gatherer { return gather(sites) }) })
		}
	}
}

func benchServing(b *testing.B, encoding string, gather func() prometheus.Gatherer) {
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept-Encoding", encoding)
		promhttp.HandlerFor(gather(), promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
}

// cpuTime returns the CPU time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func siteLabels(i int) []*dto.LabelPair {
	return []*dto.LabelPair{labelPair("registry", "hub"), labelPair("site", string(rune('a'+i)))}
}

func gatherLines(sites [][]source.Sample) prometheus.Gatherer {
	var pages []lines
	for i, samples := range sites {
		pages = append(pages, newLines(samples, siteLabels(i)))
	}
	return newPage(slices.Concat(pages...))
}

func gatherConst(sites [][]source.Sample) prometheus.Gatherer {
	return newPage(constMetrics(sites))
}

// constMetrics is an unchecked prometheus.Collector of samples.
type constMetrics [][]source.Sample

func (constMetrics) Describe(chan<- *prometheus.Desc) {}

func (c constMetrics) Collect(out chan<- prometheus.Metric) {
	kinds := map[*source.Metric]constKind{}
	for i, samples := range c {
		site := string(rune('a' + i))
		for _, s := range samples {
			kind, known := kinds[s.Metric]
			if !known {
				kind = constKindOf(s)
				kinds[s.Metric] = kind
			}
			out <- prometheus.MustNewConstMetric(kind.desc, kind.of, s.Value, append(slices.Clone(s.Labels), "hub", site)...)
		}
	}
}

type constKind struct {
	desc *prometheus.Desc
	of   prometheus.ValueType
}

func constKindOf(s source.Sample) constKind {
	kind := constKind{prometheus.NewDesc(s.Metric.Name, s.Metric.Help, append(slices.Clone(s.Metric.Labels), "registry", "site"), nil), prometheus.GaugeValue}
	var written dto.Metric
	if s.Write(&written); written.Counter != nil {
		kind.of = prometheus.CounterValue
	}
	return kind
}
