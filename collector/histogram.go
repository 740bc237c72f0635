package collector

import (
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/accesslog"
)

// histogram is a metric whose samples are made by histogramSample.
func histogram(name, help string, labels ...string) *metric {
	return &metric{name: name, help: help, histogram: true, labels: labels}
}

// histogramSample shows h both as classic and as native histogram.
func (m *metric) histogramSample(h accesslog.Histogram, labels ...string) sample {
	s := m.sample(0, labels...)
	s.histogram = &dto.Histogram{
		SampleCount:   new(h.Count),
		SampleSum:     new(h.Sum),
		Schema:        new(h.Schema),
		ZeroThreshold: new(h.ZeroThreshold),
		ZeroCount:     new(h.ZeroCount),
		PositiveDelta: h.Deltas,
	}
	for _, b := range h.Buckets {
		s.histogram.Bucket = append(s.histogram.Bucket, &dto.Bucket{UpperBound: new(b.UpperBound), CumulativeCount: new(b.Count)})
	}
	for _, span := range h.Spans {
		s.histogram.PositiveSpan = append(s.histogram.PositiveSpan, &dto.BucketSpan{Offset: new(span.Offset), Length: new(span.Length)})
	}
	return s
}
