package access

import (
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/accesslog"
)

// histogramOf shows h both as classic and as native histogram.
func histogramOf(h accesslog.Histogram) *dto.Histogram {
	out := &dto.Histogram{
		SampleCount:   new(h.Count),
		SampleSum:     new(h.Sum),
		Schema:        new(h.Schema),
		ZeroThreshold: new(h.ZeroThreshold),
		ZeroCount:     new(h.ZeroCount),
		PositiveDelta: h.Deltas,
	}
	for _, b := range h.Buckets {
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: new(b.UpperBound), CumulativeCount: new(b.Count)})
	}
	for _, span := range h.Spans {
		out.PositiveSpan = append(out.PositiveSpan, &dto.BucketSpan{Offset: new(span.Offset), Length: new(span.Length)})
	}
	return out
}
