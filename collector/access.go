package collector

import (
	"context"
	"errors"
	"strings"

	"registry_exporter/accesslog"
)

// maxAccessSamples bounds what an access log may put on a page. The bounds of projects and nodes in the
// configuration keep below it.
const maxAccessSamples = 10_000

var (
	accessRequests = counter("registry_access_requests_total",
		"Requests by operation of the registry protocol ($request) and $status: a class such as 2xx, but 401, 404, 416, 429, 499 and each 5xx by itself.",
		"operation", "code")
	accessBytes = counter("registry_access_bytes_total",
		"Bytes to clients (out: $body_bytes_sent, else $bytes_sent) and from them (in: $request_length, else $content_length).",
		"operation", "direction", "project").outside("project")
	accessOperations = counter("registry_access_operations_total",
		"Pulls and pushes of manifests and layers by project ($request) and outcome ($status): ok, unauthorized, client_error, canceled, server_error.",
		"operation", "project", "outcome").outside("project")
	accessDuration = histogram("registry_access_duration_seconds",
		"How long requests took, in seconds ($request_time, else $upstream_response_time).", "operation")
	accessTransfer = counter("registry_access_transfer_seconds_total",
		"How long clients were receiving (out) or sending (in) layers, in seconds ($request_time): bytes by this is the bandwidth they saw.",
		"direction", "project").outside("project")
	accessLayers = counter("registry_access_layers_total",
		"Layers that went through, by the node that the configuration names a variable for.", "direction", "project", "node").outside("project", "node")
	accessSlowLayers = counter("registry_access_slow_layers_total",
		"Layers that took longer, with fewer bytes a second, than the configuration allows ($request_time, $body_bytes_sent, $request_length).",
		"direction", "project", "node").outside("project", "node")
	accessEmptyPulls = counter("registry_access_empty_pulls_total",
		"Layers that were answered with 200 and not one byte ($status, $body_bytes_sent): what a registry with a dead store does.")
	accessIncompletePulls = counter("registry_access_incomplete_pulls_total",
		"Layers that were answered with 200 and fewer bytes than the same digest gave before ($status, $body_bytes_sent): clients that left.")
	accessUploadLost = counter("registry_access_upload_lost_total",
		"Chunks and commits of uploads that were answered with 404 ($request, $status): the registry knows nothing of the upload.")
	accessCache = counter("registry_access_cache_lookups_total",
		"Pulls by what the cache of the web server said ($upstream_cache_status).", "result")
	accessUpstreams = counter("registry_access_upstream_pulls_total",
		"Pulls that went well, by the upstream that answered ($upstream_addr); none where the web server did itself.", "upstream").outside("upstream")
	accessProjects = gauge("registry_access_projects",
		"Projects that are counted by name.")
	accessFoldedProjects = gauge("registry_access_folded_projects",
		"Projects that are counted together as other, since the bound of the configuration is reached; an estimate.")
	accessFoldedOperations = counter("registry_access_folded_operations_total",
		"Pulls and pushes that went well, of projects that are counted together as other.")
	accessLines = counter("registry_access_lines_total",
		"Lines by outcome: parsed, unmatched (not of the format) or too_long (over 64 KiB, skipped).", "outcome")
	accessLastLine = gauge("registry_access_last_line_timestamp_seconds",
		"When the last line was written ($msec, $time_iso8601 or $time_local), or read where lines have no time, in seconds since 1970.")
	accessLost = counter("registry_access_lost_bytes_total",
		"Bytes of logs that were compressed, deleted or truncated before they were read, as far as one can know.")
	accessPosition = gauge("registry_access_log_position_bytes",
		"How far a log is read, in bytes.", "file")
	accessLag = gauge("registry_access_log_lag_bytes",
		"Bytes of a log, and of its rotated files, that are not read yet.", "file")
	accessBehind = gauge("registry_access_log_lag_seconds",
		"How long lines of a log have been waiting to be read, in seconds.", "file")
	accessDropped = counter("registry_access_syslog_dropped_total",
		"Syslog datagrams that the kernel dropped since nobody took them in time (/proc/net/udp).")
	accessRefused = counter("registry_access_syslog_connections_refused_total",
		"Syslog connections over TCP that were closed since there are too many.")
)

// A logReader reads an access log, and is what a reload keeps.
type logReader struct {
	tailer    *accesslog.Tailer
	companion companion
}

func accessSources(b *builder) ([]*source, error) {
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
	if b.stateDir != "" {
		o.StateFile = accesslog.StateFile(b.stateDir, b.Name, b.Site)
	}
	fresh, err := accesslog.NewTailer(o, b.keep.logs)
	if err != nil {
		return nil, b.errorf([]any{"access_log"}, "%w", err)
	}
	s := &source{endpoint: strings.Join(endpoints, ","), most: maxAccessSamples}
	reader := kept(b, func() *logReader { return &logReader{fresh, companion{fresh.Start, fresh.Stop}} }, o)
	s.companion = &reader.companion
	s.read = func(ctx context.Context) ([]sample, error) {
		r, err := reader.tailer.Report(ctx)
		if err != nil {
			return nil, accessFailure(err)
		}
		return accessSamples(&r), accessFailure(r.Problem)
	}
	s.words = accessWords()
	return []*source{s}, nil
}

// accessReasons are those of the errors of a log, the worst first.
var accessReasons = []struct {
	err    error
	reason string
}{
	{accesslog.ErrPanic, reasonPanic},
	{accesslog.ErrUnreadable, reasonLogUnreadable},
	{accesslog.ErrListen, reasonNotListening},
	{accesslog.ErrNotSaved, reasonStateNotSaved},
	{accesslog.ErrMissing, reasonLogMissing},
	{accesslog.ErrLost, reasonLinesLost},
	{accesslog.ErrNotBegun, reasonPending},
}

func accessFailure(err error) error {
	for _, known := range accessReasons {
		if errors.Is(err, known.err) {
			return failed(known.reason, "%s", err)
		}
	}
	return err
}

func accessSamples(r *accesslog.Report) []sample {
	c := &r.Counts
	var all []sample
	for _, part := range []struct {
		metric *metric
		rows   []accesslog.Row
	}{
		{accessLines, c.Lines},
		{accessRequests, c.Requests},
		{accessEmptyPulls, c.EmptyPulls},
		{accessIncompletePulls, c.IncompletePulls},
		{accessUploadLost, c.UploadLost},
		{accessCache, c.Cache},
		{accessUpstreams, c.Upstreams},
		{accessProjects, c.Projects},
		{accessFoldedProjects, c.FoldedProjects},
		{accessFoldedOperations, c.FoldedOperations},
		{accessOperations, c.Operations},
		{accessBytes, c.Bytes},
		{accessTransfer, c.TransferSeconds},
		{accessLayers, c.Layers},
		{accessSlowLayers, c.SlowLayers},
	} {
		for _, row := range part.rows {
			labels := make([]string, len(part.metric.labels)) // where no node is named, it is empty
			copy(labels, row.Labels)
			all = append(all, part.metric.sample(row.Value, labels...))
		}
	}
	for _, h := range c.Durations {
		all = append(all, accessDuration.histogramSample(h, h.Operation))
	}
	if !c.LastLine.IsZero() {
		all = append(all, accessLastLine.sample(float64(c.LastLine.UnixMilli())/1000))
	}
	return append(all, tailSamples(r)...)
}

func tailSamples(r *accesslog.Report) []sample {
	all := []sample{accessLost.sample(float64(r.LostBytes))}
	for _, f := range r.Files {
		all = append(all,
			accessPosition.sample(float64(f.Position), f.Path),
			accessLag.sample(float64(f.Lag), f.Path),
			accessBehind.sample(f.Behind.Seconds(), f.Path))
	}
	if s := r.Syslog; s != nil {
		all = append(all, accessRefused.sample(float64(s.Refused)))
		if s.KnowsDrops {
			all = append(all, accessDropped.sample(float64(s.Dropped)))
		}
	}
	return all
}
