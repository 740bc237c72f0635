package source

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// MaxLabelBytes bounds a label value: some come from answers of other systems.
const MaxLabelBytes = 200

// maxOutsideBytes bounds a label value from outside before secrets are masked in it. Names of servers, tables or checks
// are shorter.
const maxOutsideBytes = 4 << 10

// A Sample is one value of a metric. The labels registry and site are added later.
type Sample struct {
	Metric *Metric
	Value  float64  // 0 for a histogram
	Labels []string // values, in the order of Metric.Labels

	histogram *dto.Histogram // set for a histogram
}

// Sample takes a value for each label of the metric. It cuts the label values at MaxLabelBytes and makes them UTF-8,
// but for those from outside: a mask has to see them whole.
func (m *Metric) Sample(value float64, labels ...string) Sample {
	for i, l := range labels {
		switch {
		case !slices.Contains(m.outside, i):
			labels[i] = CleanLabel(l)
		case len(l) > maxOutsideBytes:
			labels[i] = "<too long>"
		}
	}
	return Sample{Metric: m, Value: value, Labels: labels}
}

// HistogramSample takes a histogram, and a value for each label of the metric.
func (m *Metric) HistogramSample(h *dto.Histogram, labels ...string) Sample {
	s := m.Sample(0, labels...)
	s.histogram = h
	return s
}

// Label is the value of a label that the metric has; any other panics.
func (s Sample) Label(name string) string {
	return s.Labels[slices.Index(s.Metric.Labels, name)]
}

// Write sets the value of out: its histogram, counter or gauge.
func (s *Sample) Write(out *dto.Metric) {
	switch s.Metric.kind {
	case histogram:
		out.Histogram = s.histogram
	case counter:
		out.Counter = &dto.Counter{Value: &s.Value}
	default:
		out.Gauge = &dto.Gauge{Value: &s.Value}
	}
}

// CleanLabel makes a label value UTF-8 of at most MaxLabelBytes. Bytes that are no UTF-8 become U+FFFD, and so do characters
// that do not print: a page is shown by terminals, too, and a label stands in the messages of alerts.
func CleanLabel(l string) string {
	l = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(l, "\uFFFD"))
	if len(l) <= MaxLabelBytes {
		return l
	}
	end := MaxLabelBytes
	for !utf8.RuneStart(l[end]) {
		end--
	}
	return l[:end]
}

// keySeed is random: an answer cannot choose labels that have the same key.
var keySeed = maphash.MakeSeed()

// Key hashes the metric and the labels: samples of one series have the same key.
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

// Bool01 is a truth as metrics have it: 1 or 0.
func Bool01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Unix is a time as metrics have it, in seconds since 1970.
func Unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// UnixTime is the time of a value in seconds since 1970.
func UnixTime(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
