package access

import (
	"context"
	"errors"
	"strings"

	"registry_exporter/accesslog"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// maxSamplesOfLog bounds what an access log may put on a page. The bounds of projects and nodes in the
// configuration keep below it.
const maxSamplesOfLog = 10_000

var (
	requests = source.Counter("registry_access_requests_total",
		"Requests by operation of the registry protocol ($request) and $status, such as 200; other for those that no registry or web server is known to give.",
		"operation", "code")
	transferredBytes = source.Counter("registry_access_bytes_total",
		"Bytes to clients (out: $body_bytes_sent, else $bytes_sent) and from them (in: $request_length, else $content_length).",
		"operation", "direction", "project").Outside("project")
	operations = source.Counter("registry_access_operations_total",
		"Pulls and pushes of manifests and layers by project ($request) and outcome ($status): ok, unauthorized, client_error, canceled, server_error.",
		"operation", "project", "outcome").Outside("project")
	requestSeconds = source.Histogram("registry_access_duration_seconds",
		"How long requests took, in seconds ($request_time, else $upstream_response_time).", "operation")
	transferSeconds = source.Counter("registry_access_transfer_seconds_total",
		"How long clients were receiving (out) or sending (in) layers, in seconds ($request_time): bytes by this is the bandwidth they saw.",
		"direction", "project").Outside("project")
	layers = source.Counter("registry_access_layers_total",
		"Layers that went through, by the node that the configuration names a variable for.", "direction", "project", "node").Outside("project", "node")
	slowLayers = source.Counter("registry_access_slow_layers_total",
		"Layers that took longer, with fewer bytes a second, than the configuration allows ($request_time, $body_bytes_sent, $request_length).",
		"direction", "project", "node").Outside("project", "node")
	emptyPulls = source.Counter("registry_access_empty_pulls_total",
		"Layers that were answered with 200 and not one byte ($status, $body_bytes_sent): what a registry with a dead store does.")
	incompletePulls = source.Counter("registry_access_incomplete_pulls_total",
		"Layers that were answered with 200 and fewer bytes than the same digest gave before ($status, $body_bytes_sent): clients that left.")
	uploadsLost = source.Counter("registry_access_upload_lost_total",
		"Chunks and commits of uploads that were answered with 404 ($request, $status): the registry knows nothing of the upload.")
	cacheLookups = source.Counter("registry_access_cache_lookups_total",
		"Pulls by what the cache of the web server said ($upstream_cache_status).", "result")
	upstreamPulls = source.Counter("registry_access_upstream_pulls_total",
		"Pulls that went well, by the upstream that answered ($upstream_addr); none where the web server did itself.", "upstream").Outside("upstream")
	projects = source.Gauge("registry_access_projects",
		"Projects that are counted by name.")
	foldedProjects = source.Gauge("registry_access_folded_projects",
		"Projects that are counted together as other, since the bound of the configuration is reached; an estimate.")
	foldedOperations = source.Counter("registry_access_folded_operations_total",
		"Pulls and pushes that went well, of projects that are counted together as other.")
	linesTotal = source.Counter("registry_access_lines_total",
		"Lines by outcome: parsed, unmatched (not of the format) or too_long (over 64 KiB, skipped).", "outcome")
	lastLine = source.Gauge("registry_access_last_line_timestamp_seconds",
		"When the last line was written ($msec, $time_iso8601 or $time_local), or read where lines have no time, in seconds since 1970.")
	lostBytes = source.Counter("registry_access_lost_bytes_total",
		"Bytes of logs that were compressed, deleted or truncated before they were read, as far as one can know.")
	logPosition = source.Gauge("registry_access_log_position_bytes",
		"How far a log is read, in bytes.", "file")
	logLag = source.Gauge("registry_access_log_lag_bytes",
		"Bytes of a log, and of its rotated files, that are not read yet.", "file")
	logLagSeconds = source.Gauge("registry_access_log_lag_seconds",
		"How long lines of a log have been waiting to be read, in seconds.", "file")
	syslogDropped = source.Counter("registry_access_syslog_dropped_total",
		"Syslog datagrams that the kernel dropped since nobody took them in time (/proc/net/udp).")
	syslogRefused = source.Counter("registry_access_syslog_connections_refused_total",
		"Syslog connections over TCP that were closed since there are too many.")
)

// A logReader reads an access log, and is what a reload keeps.
type logReader struct {
	tailer    *accesslog.Tailer
	companion source.Companion
}

func Sources(b *ask.Builder) ([]*source.Source, error) {
	a := b.AccessLog
	if a == nil {
		return nil, nil
	}
	o := accesslog.TailOptions{Paths: a.Paths, Lines: a.Options()}
	endpoints := a.Paths
	if a.Syslog != nil {
		o.Listen = a.Syslog.Listen
		endpoints = append(endpoints[:len(endpoints):len(endpoints)], "syslog:"+o.Listen)
	}
	if b.StateDir != "" {
		o.StateFile = accesslog.StateFile(b.StateDir, b.Name, b.Site)
	}
	fresh, err := accesslog.NewTailer(o, b.Keep.Logs)
	if err != nil {
		return nil, b.Errorf([]any{"access_log"}, "%w", err)
	}
	s := &source.Source{Endpoint: strings.Join(endpoints, ","), Most: maxSamplesOfLog}
	reader := ask.Kept(b, func() *logReader { return &logReader{fresh, source.Companion{Start: fresh.Start, Stop: fresh.Stop}} }, o)
	s.Companion = &reader.companion
	s.Read = func(ctx context.Context) ([]source.Sample, error) {
		r, err := reader.tailer.Report(ctx)
		if err != nil {
			return nil, logFailure(err)
		}
		return countSamples(&r), logFailure(r.Problem)
	}
	s.Words = wordsOf()
	return []*source.Source{s}, nil
}

// logReasons are those of the errors of a log, the worst first.
var logReasons = []struct {
	err    error
	reason string
}{
	{accesslog.ErrPanic, source.ReasonPanic},
	{accesslog.ErrUnreadable, source.ReasonLogUnreadable},
	{accesslog.ErrListen, source.ReasonNotListening},
	{accesslog.ErrNotSaved, source.ReasonStateNotSaved},
	{accesslog.ErrMissing, source.ReasonLogMissing},
	{accesslog.ErrLost, source.ReasonLinesLost},
	{accesslog.ErrNotBegun, source.ReasonPending},
}

func logFailure(err error) error {
	for _, known := range logReasons {
		if errors.Is(err, known.err) {
			return source.Failed(known.reason, "%s", err)
		}
	}
	return err
}

func countSamples(r *accesslog.Report) []source.Sample {
	c := &r.Counts
	var all []source.Sample
	for _, part := range []struct {
		metric *source.Metric
		rows   []accesslog.Row
	}{
		{linesTotal, c.Lines},
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
		for _, row := range part.rows {
			labels := make([]string, len(part.metric.Labels)) // where no node is named, it is empty
			copy(labels, row.Labels)
			all = append(all, part.metric.Sample(row.Value, labels...))
		}
	}
	for _, h := range c.Durations {
		all = append(all, requestSeconds.HistogramSample(histogramOf(h), h.Operation))
	}
	if !c.LastLine.IsZero() {
		all = append(all, lastLine.Sample(float64(c.LastLine.UnixMilli())/1000))
	}
	return append(all, tailSamples(r)...)
}

func tailSamples(r *accesslog.Report) []source.Sample {
	all := []source.Sample{lostBytes.Sample(float64(r.LostBytes))}
	for _, f := range r.Files {
		all = append(all,
			logPosition.Sample(float64(f.Position), f.Path),
			logLag.Sample(float64(f.Lag), f.Path),
			logLagSeconds.Sample(f.Behind.Seconds(), f.Path))
	}
	if s := r.Syslog; s != nil {
		all = append(all, syslogRefused.Sample(float64(s.Refused)))
		if s.KnowsDrops {
			all = append(all, syslogDropped.Sample(float64(s.Dropped)))
		}
	}
	return all
}
