package collector

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

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
	histogram  bool
	labels     []string
	outside    []int // labels whose values other systems may choose: all but ownLabels
}

// ownLabels are those whose values are our own words or those of the configuration, and need no mask.
var ownLabels = []string{
	"cache", "code", "collector", "component", "confirmed", "container", "critical", "direction", "endpoint", "file", "image", "kind", "mode",
	"name", "operation", "outcome", "phase", "prefix", "reason", "result", "role", "scheme", "state", "step", "to", "type",
}

func gauge(name, help string, labels ...string) *metric {
	return newMetric(name, help, false, labels)
}

func counter(name, help string, labels ...string) *metric {
	return newMetric(name, help, true, labels)
}

func newMetric(name, help string, counter bool, labels []string) *metric {
	m := &metric{name: name, help: help, counter: counter, labels: labels}
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

	histogram *dto.Histogram // of a histogram, instead of the value
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
	return sample{metric: m, value: value, labels: labels}
}

// write puts the value into out, as its kind wants it.
func (s *sample) write(out *dto.Metric) {
	switch {
	case s.metric.histogram:
		out.Histogram = s.histogram
	case s.metric.counter:
		out.Counter = &dto.Counter{Value: &s.value}
	default:
		out.Gauge = &dto.Gauge{Value: &s.value}
	}
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
