package collector

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// maxLabelBytes bounds a label value: some come from answers of other systems.
const maxLabelBytes = 200

// A metric knows its name, help, type and labels; registry and site are added to every sample.
type metric struct {
	name, help string
	counter    bool
	labels     []string
	desc       *prometheus.Desc
}

func gauge(name, help string, labels ...string) *metric {
	return newMetric(name, help, false, labels)
}

func counter(name, help string, labels ...string) *metric {
	return newMetric(name, help, true, labels)
}

func newMetric(name, help string, counter bool, labels []string) *metric {
	return &metric{name, help, counter, labels, prometheus.NewDesc(name, help, labels, nil)}
}

// A sample is one value of a metric, before the registry it belongs to is known.
type sample struct {
	metric *metric
	value  float64
	labels []string
}

// sample takes a value for each label of the metric. Labels are made valid, whatever they were.
func (m *metric) sample(value float64, labels ...string) sample {
	for i, l := range labels {
		labels[i] = cleanLabel(l)
	}
	return sample{m, value, labels}
}

func cleanLabel(l string) string {
	if len(l) > maxLabelBytes {
		l = l[:maxLabelBytes]
		for len(l) > 0 && !utf8.RuneStart(l[len(l)-1]) {
			l = l[:len(l)-1]
		}
	}
	return strings.ToValidUTF8(l, "\uFFFD")
}

// key tells a sample from all others of one source.
func (s sample) key() string {
	return s.metric.name + "\xff" + strings.Join(s.labels, "\xff")
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
	common []*dto.LabelPair
}

// Desc implements prometheus.Metric.
func (l line) Desc() *prometheus.Desc { return l.metric.desc }

// Write implements prometheus.Metric.
func (l line) Write(out *dto.Metric) error {
	out.Label = make([]*dto.LabelPair, 0, len(l.common)+len(l.labels))
	out.Label = append(out.Label, l.common...)
	for i, value := range l.labels {
		out.Label = append(out.Label, &dto.LabelPair{Name: &l.metric.labels[i], Value: &value})
	}
	slices.SortFunc(out.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
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
