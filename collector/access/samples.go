package access

import (
	dto "github.com/prometheus/client_model/go"

	"registry_exporter/accesslog"
	"registry_exporter/collector/source"
)

// countSamples makes a sample of each row of the counts in a report.
func countSamples(r *accesslog.Report) []source.Sample {
	c := &r.Counts
	var all []source.Sample
	for _, part := range []struct {
		metric *source.Metric
		rows   []accesslog.Row
	}{
		{linesTotal, c.Lines},
		{ownRequests, c.OwnRequests},
		{requests, c.Requests},
		{emptyPulls, c.EmptyPulls},
		{incompletePulls, c.IncompletePulls},
		{uploadsLost, c.UploadLost},
		{cacheLookups, c.Cache},
		{upstreamPulls, c.Upstreams},
		{projects, c.Projects},
		{foldedProjects, c.FoldedProjects},
		{foldedOperations, c.FoldedOperations},
		{operations, c.Operations},
		{transferredBytes, c.Bytes},
		{transferSeconds, c.TransferSeconds},
		{layers, c.Layers},
		{slowLayers, c.SlowLayers},
	} {
		all = append(all, rowSamples(part.metric, part.rows)...)
	}
	for _, h := range c.Durations {
		all = append(all, requestSeconds.HistogramSample(histogramOf(h), h.Operation))
	}
	if !c.LastLine.IsZero() {
		all = append(all, lastLine.Sample(float64(c.LastLine.UnixMilli())/1000))
	}
	return append(all, accessTail.samples(r)...)
}

// rowSamples makes a sample of each row.
func rowSamples(m *source.Metric, rows []accesslog.Row) []source.Sample {
	var all []source.Sample
	for _, row := range rows {
		labels := make([]string, len(m.Labels)) // a row has no node when the configuration names no variable for it
		copy(labels, row.Labels)
		all = append(all, m.Sample(row.Value, labels...))
	}
	return all
}

// samples makes samples about the reading: how far each log is read, and what was lost.
func (t *tailMetrics) samples(r *accesslog.Report) []source.Sample {
	all := []source.Sample{t.lost.Sample(float64(r.LostBytes))}
	for _, f := range r.Files {
		all = append(all,
			t.position.Sample(float64(f.Position), f.Path),
			t.lag.Sample(float64(f.Lag), f.Path),
			t.lagSeconds.Sample(f.Behind.Seconds(), f.Path))
	}
	if s := r.Syslog; s != nil {
		all = append(all, t.refused.Sample(float64(s.Refused)))
		if s.KnowsDrops {
			all = append(all, t.dropped.Sample(float64(s.Dropped)))
		}
	}
	return all
}

// histogramOf writes h as a classic and as a native histogram in one.
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
