package source

import dto "github.com/prometheus/client_model/go"

// Histogram is a metric whose samples are made by HistogramSample.
func Histogram(name, help string, labels ...string) *Metric {
	return &Metric{Name: name, Help: help, histogram: true, Labels: labels}
}

// HistogramSample takes a histogram and a value for each label of the metric.
func (m *Metric) HistogramSample(h *dto.Histogram, labels ...string) Sample {
	s := m.Sample(0, labels...)
	s.histogram = h
	return s
}
