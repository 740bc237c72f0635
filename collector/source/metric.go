package source

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// MaxLabelBytes bounds a label value: some come from answers of other systems.
const MaxLabelBytes = 200

// maxOutsideBytes bounds one until secrets are masked. What is longer is no name of anything.
const maxOutsideBytes = 4 << 10

// A Metric knows its name, help, type and labels; registry and site are added to every sample.
type Metric struct {
	Name, Help string
	counter    bool
	histogram  bool
	Labels     []string
	masked     []int // the labels that outside names
}

func Gauge(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, Labels: labels}
}

func Counter(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, counter: true, Labels: labels}
}

// Outside names the labels whose values answers or logs of other systems may choose: secrets are masked in them. The
// values of all others are words of ours, from closed lists, or of the configuration.
func (m *Metric) Outside(labels ...string) *Metric {
	for _, label := range labels {
		i := slices.Index(m.Labels, label)
		if i < 0 {
			panic(fmt.Sprintf("%s has no label %s", m.Name, label))
		}
		m.masked = append(m.masked, i)
	}
	return m
}

// A Sample is one value of a metric, before the registry it belongs to is known.
type Sample struct {
	Metric *Metric
	Value  float64
	Labels []string

	histogram *dto.Histogram // of a histogram, instead of the value
}

// Sample takes a value for each label of the metric. Own labels are made valid, whatever they were; those from
// outside wait for their mask.
func (m *Metric) Sample(value float64, labels ...string) Sample {
	for i, l := range labels {
		switch {
		case !slices.Contains(m.masked, i):
			labels[i] = CleanLabel(l)
		case len(l) > maxOutsideBytes:
			labels[i] = "<too long>"
		}
	}
	return Sample{Metric: m, Value: value, Labels: labels}
}

// Write puts the value into out, as its kind wants it.
func (s *Sample) Write(out *dto.Metric) {
	switch {
	case s.Metric.histogram:
		out.Histogram = s.histogram
	case s.Metric.counter:
		out.Counter = &dto.Counter{Value: &s.Value}
	default:
		out.Gauge = &dto.Gauge{Value: &s.Value}
	}
}

func CleanLabel(l string) string {
	l = strings.ToValidUTF8(l, "\uFFFD")
	if len(l) <= MaxLabelBytes {
		return l
	}
	end := MaxLabelBytes
	for !utf8.RuneStart(l[end]) {
		end--
	}
	return l[:end]
}

// keySeed is what the keys of samples are hashed with: one that answers cannot foresee.
var keySeed = maphash.MakeSeed()

// Key tells a sample from all others of one source.
func (s Sample) Key() uint64 {
	var h maphash.Hash
	h.SetSeed(keySeed)
	_, _ = h.WriteString(s.Metric.Name)
	for _, l := range s.Labels {
		_ = h.WriteByte(0xff) // is in no label
		_, _ = h.WriteString(l)
	}
	return h.Sum64()
}

func Bool01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
