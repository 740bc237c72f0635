package collector

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// maxLabelBytes bounds a label value: some come from answers of other systems.
const maxLabelBytes = 200

// maxOutsideBytes bounds one until secrets are masked. What is longer is no name of anything.
const maxOutsideBytes = 4 << 10

// A metric knows its name, help, type and labels; registry and site are added to every sample.
type metric struct {
	name, help string
	counter    bool
	labels     []string
	outside    []int // labels whose values other systems may choose: all but ownLabels
	desc       *prometheus.Desc
}

// ownLabels are those whose values are our own words or those of the configuration, and need no mask.
var ownLabels = []string{
	"collector", "component", "container", "critical", "endpoint", "kind", "mode", "name", "phase", "reason", "role", "scheme", "state", "step", "to", "type",
}

func gauge(name, help string, labels ...string) *metric {
	return newMetric(name, help, false, labels)
}

func counter(name, help string, labels ...string) *metric {
	return newMetric(name, help, true, labels)
}

func newMetric(name, help string, counter bool, labels []string) *metric {
	m := &metric{name: name, help: help, counter: counter, labels: labels, desc: prometheus.NewDesc(name, help, labels, nil)}
	for i, label := range labels {
		if !slices.Contains(ownLabels, label) {
			m.outside = append(m.outside, i)
		}
	}
	return m
}

// A sample is one value of a metric, before the registry it belongs to is known.
type sample struct {
	metric *metric
	value  float64
	labels []string
}

// sample takes a value for each label of the metric. Own labels are made valid, whatever they were; those from
// outside wait for their mask.
func (m *metric) sample(value float64, labels ...string) sample {
	for i, l := range labels {
		switch {
		case !slices.Contains(m.outside, i):
			labels[i] = cleanLabel(l)
		case len(l) > maxOutsideBytes:
			labels[i] = "<too long>"
		}
	}
	return sample{m, value, labels}
}

func cleanLabel(l string) string {
	l = strings.ToValidUTF8(l, "\uFFFD")
	if len(l) <= maxLabelBytes {
		return l
	}
	end := maxLabelBytes
	for !utf8.RuneStart(l[end]) {
		end--
	}
	return l[:end]
}

// keySeed is what the keys of samples are hashed with: one that answers cannot foresee.
var keySeed = maphash.MakeSeed()

// key tells a sample from all others of one source.
func (s sample) key() uint64 {
	var h maphash.Hash
	h.SetSeed(keySeed)
	_, _ = h.WriteString(s.metric.name)
	for _, l := range s.labels {
		_ = h.WriteByte(0xff) // is in no label
		_, _ = h.WriteString(l)
	}
	return h.Sum64()
}

func bool01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A line is a sample with the labels of its registry: what client_golang writes.
type line struct {
	sample
	pairs []*dto.LabelPair // by name
}

func newLine(s sample, common []*dto.LabelPair) line {
	pairs := make([]*dto.LabelPair, 0, len(common)+len(s.labels))
	pairs = append(pairs, common...)
	for i := range s.labels {
		pairs = append(pairs, &dto.LabelPair{Name: &s.metric.labels[i], Value: &s.labels[i]})
	}
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	return line{s, pairs}
}

// Desc implements prometheus.Metric.
func (l line) Desc() *prometheus.Desc { return l.metric.desc }

// Write implements prometheus.Metric.
func (l line) Write(out *dto.Metric) error {
	out.Label = l.pairs
	value := l.value
	if l.metric.counter {
		out.Counter = &dto.Counter{Value: &value}
	} else {
		out.Gauge = &dto.Gauge{Value: &value}
	}
	return nil
}

// lines hands out what was read before: an unchecked collector, since each page has its own series.
type lines []prometheus.Metric

// Describe implements prometheus.Collector.
func (lines) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (l lines) Collect(out chan<- prometheus.Metric) {
	for _, m := range l {
		out <- m
	}
}
