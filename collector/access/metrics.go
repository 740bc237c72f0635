package access

import "registry_exporter/collector/source"

var (
	requests = source.Counter("registry_access_requests_total",
		"Requests by operation of the registry protocol ($request) and $status, such as 200; other for those that no registry or web server is known to give.",
		"operation", "code")
	transferredBytes = source.Counter("registry_access_bytes_total",
		"Bytes to clients (out: $body_bytes_sent, else $bytes_sent) and from them (in: $request_length, else $content_length).",
		"operation", "direction", "project").Outside("project")
	operations = source.Counter("registry_access_operations_total",
		"Pulls and pushes of manifests and layers by project ($request) and outcome ($status): ok, unauthorized, rate_limited (429), client_error, canceled, server_error.",
		"operation", "project", "outcome").Outside("project")
	requestSeconds = source.Histogram("registry_access_duration_seconds",
		"How long requests took, in seconds ($request_time, else $upstream_response_time).", "operation")
	transferSeconds = source.Counter("registry_access_transfer_seconds_total",
		"How long clients were receiving (out) or sending (in) layers, in seconds ($request_time): bytes by this is the bandwidth they saw.",
		"direction", "project").Outside("project")
	layers = source.Counter("registry_access_layers_total",
		"Layers that went through, by the node that the configuration names a variable for.", "direction", "project", "upstream_node").Outside("project", "upstream_node")
	slowLayers = source.Counter("registry_access_slow_layers_total",
		"Layers that took longer, with fewer bytes a second, than the configuration allows ($request_time, $body_bytes_sent, $request_length).",
		"direction", "project", "upstream_node").Outside("project", "upstream_node")
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
	ownRequests = source.Counter("registry_access_own_requests_total",
		"Requests of this exporter, and of others like it ($http_user_agent): they are no client's, and no other counter than that of lines has them.")
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

// tailMetrics are the metrics about the reading of logs.
type tailMetrics struct{ lost, position, lag, lagSeconds, dropped, refused *source.Metric }

var accessTail = tailMetrics{lostBytes, logPosition, logLag, logLagSeconds, syslogDropped, syslogRefused}
