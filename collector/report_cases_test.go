package collector

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

// A reportCase changes a healthy world, or adds results of sources that the configuration does not have.
type reportCase struct {
	name   string
	change func(w world)
	add    []source.Result
	config string // replaced in the configuration: old|new
	json   bool
}

func (c reportCase) world() world {
	w := healthyWorld()
	if c.change != nil {
		c.change(w)
	}
	return w
}

func (c reportCase) configuration() string {
	old, new, _ := strings.Cut(c.config, "|")
	return strings.Replace(reportConfig, old, new, 1)
}

var reportCases = []reportCase{
	{name: "everything_is_well", json: true},
	{name: "passive_and_everything_is_well", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n"},
	{name: "storage_down_is_named_before_what_follows_from_it", json: true, change: func(w world) {
		w["swift "+atSwift] = read(sample("registry_swift_reachable", 0, atSwift, "docker_registry")).fails(nobodyListens())
		for _, at := range []string{atFront, atBackend} {
			w["api "+at] = w["api "+at].with(sample("registry_api_up", 0, at, "front"), sample("registry_api_status_code", 503, at, "front")).fails(
				source.Failed(source.ReasonHealthCheckFailed, "status 503 UNAVAILABLE"))
		}
		w["health "+atDebug] = read(sample("registry_health_ok", 0, atDebug), sample("registry_health_check_failing", 1, atDebug, "storagedriver_swift", "storagedriver"))
	}},
	{name: "storage_down_at_a_passive_site", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n", change: func(w world) {
		w["swift "+atSwift] = read().fails(source.Failed(source.ReasonTimeout, "no answer"))
	}},
	{name: "container_is_not_found", change: func(w world) { w["swift "+atSwift] = read().fails(source.Failed(source.ReasonNotFound, "status 404")) }},
	{name: "swift_refuses_the_key", change: func(w world) {
		w["swift "+atSwift] = read().fails(source.Failed(source.ReasonUnauthorized, "status 401"))
	}},
	{name: "no_ip_san", config: "https://registry.example.org|https://10.0.0.4", change: func(w world) {
		w["api 10.0.0.4:443"] = healthyFront("10.0.0.4:443", "front").with(certificate("10.0.0.4:443", "front", false, -30, 335)...).with(
			sample("registry_api_up", 0, "10.0.0.4:443", "front")).fails(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.0.0.4"})
	}},
	{name: "a_name_is_not_covered", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(sample("registry_tls_name_covered", 1, atFront, "registry.example.org"),
			sample("registry_tls_name_covered", 0, atFront, "10.0.0.5"), sample("registry_tls_name_covered", 0, atFront, "hub.example.org"))
	}},
	{name: "certificate_ended", change: func(w world) {
		w["api "+atFront] = read(sample("registry_api_up", 0, atFront, "front")).with(certificate(atFront, "front", false, -90, -2)...).fails(
			source.Failed(source.ReasonTLSExpired, "x509: certificate has expired or is not yet valid"))
	}},
	{name: "certificate_ends_in_three_days", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", true, -362, 3)...)
	}},
	{name: "certificate_ends_in_three_weeks", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", true, -345, 20)...)
	}},
	{name: "short_lived_certificate_is_well", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", true, -1, 2)...)
	}},
	{name: "unknown_authority", change: func(w world) {
		w["api "+atFront] = read(sample("registry_api_up", 0, atFront, "front")).with(certificate(atFront, "front", false, -90, 200)...).fails(x509.UnknownAuthorityError{})
	}},
	{name: "not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", false, -30, 335)...)
	}},
	{name: "down_behind_a_certificate_that_ended_and_is_not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = read(sample("registry_api_up", 0, atFront, "front")).with(certificate(atFront, "front", false, -90, -3)...).fails(
			source.Failed(source.ReasonServerError, "status 502 Bad Gateway"))
	}},
	{name: "backend_with_a_bad_certificate", change: func(w world) {
		w["api "+atBackend] = read(sample("registry_api_up", 0, atBackend, "backend")).with(certificate(atBackend, "backend", false, -90, 200)...).fails(
			source.Failed(source.ReasonTLSHostname, "x509: certificate is valid for other.example.org, not registry.example.org"))
	}},
	{name: "ca_ends_soon", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(sample("registry_tls_ca_expiry_timestamp_seconds", days(10), atFront))
	}},
	{name: "wrong_password", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(sample("registry_api_authorized", 0, atFront, "front")).fails(source.Failed(source.ReasonUnauthorized, "status 401 UNAUTHORIZED"))
	}},
	{name: "token_server_down", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(sample("registry_api_authorized", 0, atFront, "front")).fails(source.Failed(source.ReasonUnavailable, "asking for a token: status 503"))
	}},
	{name: "password_file_is_gone", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].fails(source.Unasked(source.Failed(source.ReasonUnauthorized, "a secret cannot be read: no such file")))
	}},
	{name: "backend_is_down", change: func(w world) {
		w["api "+atBackend] = read(sample("registry_api_up", 0, atBackend, "backend")).fails(nobodyListens())
	}},
	{name: "something_else_answers", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(sample("registry_api_up", 0, atFront, "front")).fails(source.Failed(source.ReasonBadAnswer, "status 200 with neither the Distribution header nor a JSON body"))
	}},
	{name: "check_on_the_cache_stops_the_registry", change: func(w world) {
		w["health "+atDebug] = read(sample("registry_health_ok", 0, atDebug), sample("registry_health_check_failing", 1, atDebug, "10.0.0.6:6379", "tcp"))
		w["redis "+atRedis] = read().fails(nobodyListens())
		w["api "+atFront] = w["api "+atFront].with(sample("registry_api_up", 0, atFront, "front")).fails(source.Failed(source.ReasonHealthCheckFailed, "status 503"))
	}},
	{name: "webhook_is_out_of_reach", change: func(w world) {
		w["debug "+atDebug] = w["debug "+atDebug].with(sample("registry_webhook_pending", 1200, atDebug, "scanner"))
	}},
	{name: "debug_server_is_down", change: func(w world) {
		refused := source.Failed(source.ReasonRefused, "connection refused")
		w["debug "+atDebug] = read().fails(refused)
		w["health "+atDebug] = read(sample("registry_health_ok", 0, atDebug)).fails(refused)
	}},
	{name: "health_check_of_one_instance", change: func(w world) {
		w["health "+atDebug] = read(sample("registry_health_ok", 0, atDebug), sample("registry_health_check_failing", 1, atDebug, "/etc/registry/lock", "file"))
	}},
	{name: "cache_is_full_and_evicts_nothing", change: func(w world) {
		w["redis "+atRedis] = w["redis "+atRedis].with(sample("registry_redis_info", 1, atRedis, "7.0.15", "master", "noeviction"))
	}},
	{name: "no_spare_replica", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(
			sample("registry_msr_replica_health", 1, atReplica, "a"), sample("registry_msr_replica_health", 0, atReplica, "b"), sample("registry_msr_replica_health", 1, atReplica, "c"),
			sample("registry_msr_server_up", 1, atReplica, "s1"), sample("registry_msr_server_up", 0, atReplica, "s2"), sample("registry_msr_server_up", 1, atReplica, "s3"),
			sample("registry_msr_table_availability", 3, atReplica, "db", "t"), sample("registry_msr_current_issues", 28, atReplica, "table_availability", "false"))
	}},
	{name: "servers_of_one_name", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(sample("registry_msr_table_availability", 4, atReplica, "db", "t"), sample("registry_msr_current_issues", 1, atReplica, "server_name_collision", "true"))
	}},
	{name: "majority_lost", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(sample("registry_msr_table_availability", 1, atReplica, "db", "t"), sample("registry_msr_current_issues", 2, atReplica, "table_availability", "true"))
		w["ping "+atReplica] = w["ping "+atReplica].with(sample("registry_msr_ping_healthy", 0, atReplica), sample("registry_msr_ping_component_failing", 1, atReplica, "metadata"))
	}},
	{name: "no_replica_answers", change: func(w world) {
		w["msr "+atReplica] = read().fails(source.Failed(source.ReasonTimeout, "no answer"))
		w["ping "+atReplica] = read(sample("registry_msr_ping_healthy", 0, atReplica)).fails(source.Failed(source.ReasonTimeout, "no answer"))
	}},
	{name: "certificates_of_all_replicas_ended", change: func(w world) {
		w["msr "+atReplica] = read().fails(source.Failed(source.ReasonTLSExpired, "the certificate has ended"))
		w["ping "+atReplica] = read(sample("registry_msr_ping_healthy", 0, atReplica)).fails(source.Failed(source.ReasonTLSExpired, "the certificate has ended"))
	}},
	{name: "read_only_during_a_garbage_collection", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(sample("registry_msr_replica_readonly", 1, atReplica, "a"), sample("registry_msr_gc_lock_held", 1, atReplica))
	}},
	{name: "replica_without_a_verdict_for_long", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(sample("registry_msr_replica_timestamp_seconds", days(-1), atReplica, "a"))
	}},
	{name: "cluster_status_is_for_admins", change: func(w world) { w["msr "+atReplica] = read().fails(source.Failed(source.ReasonForbidden, "status 403")) }},
	{name: "jobs_of_an_msr", add: []source.Result{every(5*time.Minute, 0, ran("msr_jobs", atReplica, source.Run{
		Err: fmt.Errorf("workers: %w", source.Failed(source.ReasonForbidden, "status 403 NOT_AUTHORIZED")),
		Samples: []source.Sample{
			sample("registry_msr_job_failed_in_a_row", 4, "onlinegc"), sample("registry_msr_job_last_success_timestamp_seconds", days(-9), "onlinegc"),
			sample("registry_msr_jobs", 3, "webhook", "waiting"), sample("registry_msr_jobs_oldest_waiting_timestamp_seconds", days(-0.25)),
			sample("registry_msr_scanner_enabled", 1), sample("registry_msr_scanner_db_update_timestamp_seconds", days(-12)),
		},
		Steps: []source.Step{
			{Name: "crons", Took: 5 * time.Millisecond, Note: "4 crons"},
			{Name: "jobs", Took: 9 * time.Millisecond, Note: "200 jobs, 0 running, 3 waiting"},
			{Name: "workers", Took: 4 * time.Millisecond, Err: source.Failed(source.ReasonForbidden, "status 403 NOT_AUTHORIZED")},
			{Name: "scanner", Took: 4 * time.Millisecond},
		},
	}))}},
	{name: "pull_and_push_work", add: []source.Result{
		ran("pull", atFront, source.Run{Steps: []source.Step{
			{Name: "library/base:1.0 manifest", Took: 12 * time.Millisecond, Note: "3 layers, 27 MB"},
			{Name: "library/base:1.0 layers", Took: 1200 * time.Millisecond, Note: "8 MiB verified"},
		}}),
		ran("push", atFront, source.Run{Steps: []source.Step{{Name: "start", Took: 5 * time.Millisecond}, {Name: "cancel", Took: 5 * time.Millisecond}}}),
	}},
	{name: "part_of_an_image_is_missing", json: true, add: []source.Result{ran("pull", atFront, source.Run{
		Err: fmt.Errorf("library/app:2.0: %w", source.Failed(source.ReasonMissingBlob, "layer 2: status 404 BLOB_UNKNOWN")),
		Steps: []source.Step{
			{Name: "library/base:1.0 manifest", Took: 12 * time.Millisecond, Note: "3 layers, 27 MB"},
			{Name: "library/app:2.0 layer 2", Took: 3 * time.Millisecond, Err: source.Failed(source.ReasonMissingBlob, "status 404 BLOB_UNKNOWN")},
		},
	})}},
	{name: "push_finds_the_store_full", add: []source.Result{ran("push", atFront, source.Run{Err: source.Failed(source.ReasonNoSpace, "status 507")})}},
	{name: "push_is_refused_while_read_only", add: []source.Result{ran("push", atFront, source.Run{Err: source.Failed(source.ReasonReadOnly, "status 405 UNSUPPORTED")})}},
	{name: "pull_fails_at_a_backend_only", add: []source.Result{
		ran("pull", atFront, source.Run{}),
		ran("pull", atBackend, source.Run{Err: source.Failed(source.ReasonDigestMismatch, "layer 1: sha256 is another")}),
	}},
	{name: "store_can_be_read_and_not_written", add: []source.Result{ran("swift_probe", atSwift, source.Run{
		Samples: []source.Sample{sample("registry_swift_read_success", 1, atSwift, "")},
		Err:     source.Failed(source.ReasonNoSpace, "status 507"),
		Steps:   []source.Step{{Name: "auth"}, {Name: "put", Err: source.Failed(source.ReasonNoSpace, "status 507")}, {Name: "read"}},
	})}},
	{name: "object_servers_are_down", add: []source.Result{ran("swift_probe", atSwift, source.Run{
		Samples: []source.Sample{sample("registry_swift_read_success", 0, atSwift, "")},
		Err:     source.Failed(source.ReasonMissingBlob, "it is listed and not there"),
	})}},
	{name: "trust_data_was_deleted", add: []source.Result{ran("trust", atNotary, source.Run{Samples: []source.Sample{
		sample("registry_trust_read_success", 1, atNotary), sample("registry_trust_changes_total", 1204, atNotary, "update"), sample("registry_trust_changes_total", 1, atNotary, "deletion"),
		sample("registry_trust_last_change_timestamp_seconds", days(-1./24), atNotary, "update"),
		sample("registry_trust_last_change_timestamp_seconds", days(-3./24), atNotary, "deletion"),
		sample("registry_trust_deletion_timestamp_seconds", days(-3./24), atNotary, "library/wordpress"), sample("registry_trust_cursor_lost_total", 1, atNotary),
	}})}},
	{name: "account_may_not_read_the_trust_log", add: []source.Result{ran("trust", atNotary, source.Run{Err: source.Failed(source.ReasonForbidden, "status 401 UNAUTHORIZED insufficient_scope")})}},
	{name: "trust_log_cannot_be_read", add: []source.Result{ran("trust", atNotary, source.Run{
		Samples: []source.Sample{sample("registry_trust_read_success", 0, atNotary)}, Err: source.Failed(source.ReasonServerError, "status 500 UNKNOWN"),
	})}},
	{name: "push_is_let_through_at_a_passive_site", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n", add: []source.Result{
		ran("push", atFront, source.Run{Err: source.Failed(source.ReasonWriteAccepted, "an upload was begun")}),
	}},
	{name: "probe_that_has_not_run", add: []source.Result{notRun("pull", atFront)}},
	{name: "probe_that_runs_no_longer", add: []source.Result{every(time.Second, 0, ran("push", atFront, source.Run{}))}},
	{name: "probe_that_may_take_longer_than_its_clock", add: []source.Result{every(10*time.Second, time.Minute, ran("replication", atFront, source.Run{}))}},
	{
		name: "replication_pushes_with_the_account_of_the_pushes", config: "  push: {repository: monitoring/canary}\n|  push: {repository: monitoring/canary, http: {basic_auth: {username: pusher, password: push-password}, tls_config: {ca_file: CAFILE}}}\n" +
			"  replication: {canary: monitoring/replica}\n- {name: hub, site: codfw, url: \"https://registry.codfw.example.org\"}\n",
		add: []source.Result{ran("replication", atFront, source.Run{Err: source.Failed(source.ReasonUnauthorized, "status 401")})},
	},
	{name: "name_of_an_image_begins_with_that_of_another", config: "library/base:1.0|library/base:1\", \"library/base:1.0", add: []source.Result{ran("pull", atFront, source.Run{
		Err: source.Failed(source.ReasonMissingBlob, "status 404"),
		Steps: []source.Step{
			{Name: "library/base:1 manifest"},
			{Name: "library/base:1.0 manifest", Err: source.Failed(source.ReasonMissingBlob, "status 404")},
		},
	})}},
	{name: "collector_without_words_of_its_own", add: []source.Result{added("mirror", "mirror.example.org:80", read(
		source.Counter("registry_mirror_lines_total", "", "address", "code").Sample(12345, "mirror.example.org:80", "200"),
		source.Gauge("registry_mirror_lag_bytes", "", "address").Sample(2048, "mirror.example.org:80")))}},
	{name: "access_log", add: []source.Result{added("access", "/var/log/nginx/access.log", read(
		sample("registry_access_lines_total", 12345, "parsed"), sample("registry_access_log_lag_bytes", 2048, "/var/log/nginx/access.log")))}},
	{name: "collector_without_words_of_its_own_fails", add: []source.Result{added("access", "/var/log/nginx/access.log",
		read().fails(source.Failed(source.ReasonForbidden, "opening the log: permission denied")))}},
	{name: "exporter_panics", change: func(w world) {
		w["nginx "+atReplica] = read().fails(source.Failed(source.ReasonPanic, "panic: oh\ngoroutine 7"))
	}},
	{name: "stopped_half_way", change: func(w world) { w["swift "+atSwift] = read().fails(context.Canceled) }},
	{name: "hostile_answers", json: true, change: func(w world) {
		escape := "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e registry-password"
		w["redis "+atRedis] = read(sample("registry_redis_info", 1, atRedis, escape, escape, "noeviction")).fails(errors.New(escape + "\n" + strings.Repeat("x", 5000)))
		w["health "+atDebug] = read(sample("registry_health_check_failing", 1, atDebug, escape, "file"))
	}, add: []source.Result{ran("pull", atFront, source.Run{
		Err:   source.Failed(source.ReasonBadAnswer, "redis-password \x1b[31m"),
		Steps: []source.Step{{Name: "\x1b[1mmanifest", Note: "$(reboot) registry-password", Err: errors.New("redis-password\x00")}},
	})}},
	{name: "hostile_configuration", config: "container: docker_registry|container: \"it's; $(reboot)\"", change: func(w world) {
		w["swift "+atSwift] = read().fails(source.Failed(source.ReasonForbidden, "status 403"))
	}},
}
