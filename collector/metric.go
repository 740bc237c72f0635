package collector

import (
	"fmt"
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
	masked     []int // the labels that outside names
}

func gauge(name, help string, labels ...string) *metric {
	return &metric{name: name, help: help, labels: labels}
}

func counter(name, help string, labels ...string) *metric {
	return &metric{name: name, help: help, counter: true, labels: labels}
}

// outside names the labels whose values answers or logs of other systems may choose: secrets are masked in them. The
// values of all others are words of ours, from closed lists, or of the configuration.
func (m *metric) outside(labels ...string) *metric {
	for _, label := range labels {
		i := slices.Index(m.labels, label)
		if i < 0 {
			panic(fmt.Sprintf("%s has no label %s", m.name, label))
		}
		m.masked = append(m.masked, i)
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
		case !slices.Contains(m.masked, i):
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
