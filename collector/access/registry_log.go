package access

import (
	"context"

	"registry_exporter/accesslog"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	registryRequests = source.Counter("registry_log_requests_total",
		"Requests that ended, by operation (http.request.method, http.request.uri) and outcome (http.response.status; canceled: the client hung up). Those that no account was let in for are in no such line.",
		"operation", "outcome")
	registryErrors = source.Counter("registry_log_errors_total",
		"Requests that ended with a status of 500 or more, by operation and what the registry failed on: storage, redis, auth or other (words of err.detail). Clients that hung up are not among them.",
		"operation", "call")
	repositoryErrors = source.Counter("registry_log_repository_errors_total",
		"The same by repository (vars.name): the busiest 100 by name, all others as other.", "repository", "call").Outside("repository")
	emptyLayers = source.Counter("registry_log_empty_layers_total",
		"Layers that were answered with 200 and not one byte, by repository (http.response.written): the store did not give them, and no line calls that an error.",
		"repository").Outside("repository")
	registryOwn = source.Counter("registry_log_own_requests_total",
		"Requests of this exporter, and of others like it (http.request.useragent): no counter above has them.")
	redisErrors = source.Counter("registry_log_redis_errors_total",
		"Lines about Redis that does not answer or refuses the registry: several for each request, which ends well all the same.")
	registryPanics = source.Counter("registry_log_panics_total",
		"Panics of a request or of the registry itself, as Go writes them.")
	registryLines = source.Counter("registry_log_lines_total",
		"Lines by outcome: parsed, unmatched (not of the format, such as the stack of a panic and the registry's own access log) or too_long (over 64 KiB, skipped).", "outcome")
	registryLastLine = source.Gauge("registry_log_last_line_timestamp_seconds",
		"When the last line of the format was written, in seconds since 1970.")

	registryTail = tailMetrics{
		source.Counter("registry_log_lost_bytes_total",
			"Bytes of logs that were compressed, deleted or truncated before they were read, as far as one can know."),
		source.Gauge("registry_log_position_bytes",
			"How far a log is read, in bytes.", "file"),
		source.Gauge("registry_log_lag_bytes",
			"Bytes of a log, and of its rotated files, that are not read yet.", "file"),
		source.Gauge("registry_log_lag_seconds",
			"How long lines of a log have been waiting to be read, in seconds.", "file"),
		source.Counter("registry_log_syslog_dropped_total",
			"Syslog datagrams that the kernel dropped since nobody took them in time (/proc/net/udp)."),
		source.Counter("registry_log_syslog_connections_refused_total",
			"Syslog connections over TCP that were closed since there are too many."),
	}
)

// RegistryLogSources makes the source of the collector registry_log, and none for a registry without a section registry_log.
func RegistryLogSources(b *ask.Builder) ([]*source.Source, error) {
	l := b.RegistryLog
	if l == nil {
		return nil, nil
	}
	options := accesslog.TailOptions{Paths: l.Paths, Registry: accesslog.RegistryOptions{Format: l.Format, Own: ask.UserAgent}}
	if b.StateDir != "" {
		options.StateFile = accesslog.RegistryStateFile(b.StateDir, b.Name, b.Site)
	}
	r, address, err := newReader(b, "registry_log", l.Syslog, options)
	if err != nil {
		return nil, err
	}
	return []*source.Source{{Address: address, Read: r.readRegistry, Companion: &r.companion, Words: registryLogWords()}}, nil
}

// notOfTheFormat is from how many lines on none of which is of the format the format is another: a process that does not start may
// write some dozens of no format.
const notOfTheFormat = 100

// readRegistry returns the counts so far, and the error of a log that cannot be read or is of another format.
func (r *logReader) readRegistry(ctx context.Context) ([]source.Sample, error) {
	report, err := r.tailer.Report(ctx)
	if err != nil {
		return nil, logFailure(err)
	}
	s := &report.Registry
	err = logFailure(report.Problem)
	if err == nil && len(s.Lines) == 3 && s.Lines[0].Value == 0 && s.Lines[1].Value >= notOfTheFormat {
		err = source.Failed(source.ReasonBadAnswer, "none of %.0f lines is of the format", s.Lines[1].Value)
	}
	var all []source.Sample
	for _, part := range []struct {
		metric *source.Metric
		rows   []accesslog.Row
	}{
		{registryLines, s.Lines},
		{registryOwn, s.OwnRequests},
		{registryRequests, s.Requests},
		{registryErrors, s.Errors},
		{repositoryErrors, s.RepositoryErrors},
		{emptyLayers, s.EmptyLayers},
		{redisErrors, s.RedisErrors},
		{registryPanics, s.Panics},
	} {
		all = append(all, rowSamples(part.metric, part.rows)...)
	}
	if !s.LastLine.IsZero() {
		all = append(all, registryLastLine.Sample(float64(s.LastLine.UnixMilli())/1000))
	}
	return append(all, registryTail.samples(&report)...), err
}
