package collector

import (
	"registry_exporter/collector/testserver"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"registry_exporter/collector/access"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/distribution"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/nginx"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/registry"
	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
	"registry_exporter/collector/swift"
)

// reportTime is now in these reports.
var reportTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is what each source of a registry says, by collector and endpoint.
type world map[string]source.Result

const (
	atFront   = "registry.example.org:443"
	atBackend = "10.0.0.5:5000"
	atReplica = "10.0.0.11:443"
	atSwift   = "swift.example.org:443"
	atRedis   = "10.0.0.6:6379"
	atDebug   = "10.0.0.5:5001"
)

// reportConfig has everything. Nothing of it is asked.
const reportConfig = `registries:
- name: hub
  site: eqiad
  url: https://registry.example.org
  backends: [https://10.0.0.5:5000]
  http: {basic_auth: {username: monitor, password: registry-password}, tls_config: {ca_file: CAFILE}}
  msr: {replicas: [https://10.0.0.11]}
  debug: {urls: ["http://10.0.0.5:5001"]}
  swift: {auth_url: https://swift.example.org/auth/v1.0, username: "docker:monitor", key_file: KEYFILE, container: docker_registry}
  redis: {addr: "10.0.0.6:6379", username: mon, password: redis-password}
  pull: {images: ["library/base:1.0", "library/app:2.0"], backends: true}
  push: {repository: monitoring/canary}
`

// probesAndLogs are what reportConfig lacks of all that there is.
const probesAndLogs = `  replication: {canary: monitoring/canary}
  access_log: {paths: [/var/log/nginx/access.log]}
- {name: hub, site: codfw, url: "https://registry.codfw.example.org"}
`

// withAll adds what a configuration lacks of all that there is.
func withAll(text string) string {
	text = strings.Replace(text, "container: docker_registry}", "container: docker_registry, probe: {}, count: {prefixes: [files/]}}", 1)
	if strings.Contains(text, "replication:") || strings.Contains(text, "passive: true") || !strings.Contains(text, "name: hub\n") {
		return text
	}
	return text + probesAndLogs
}

func days(n float64) float64 {
	return source.Unix(reportTime.Add(time.Duration(n * 24 * float64(time.Hour))))
}

func read(samples ...source.Sample) source.Result { return source.Result{Samples: samples} }

// with adds samples; those of a metric that is there already take its place.
func (r source.Result) with(samples ...source.Sample) source.Result {
	var kept []source.Sample
	for _, s := range r.Samples {
		if !source.has(samples, s.Metric) {
			kept = append(kept, s)
		}
	}
	r.Samples = append(kept, samples...)
	return r
}

func (r source.Result) fails(err error) source.Result {
	r.Err = err
	return r
}

func certificate(endpoint, role string, verified bool, start, end float64) []source.Sample {
	return []source.Sample{
		registry.tlsVerified.Sample(source.Bool01(verified), endpoint, role),
		registry.tlsStart.Sample(days(start), endpoint, role), registry.tlsExpiry.Sample(days(end), endpoint, role),
	}
}

func healthyFront(endpoint, role string) source.Result {
	return read(registry.apiUp.Sample(1, endpoint, role), registry.apiStatusCode.Sample(401, endpoint, role), registry.apiAuth.Sample(1, endpoint, role, "basic"),
		registry.apiAuthorized.Sample(1, endpoint, role)).with(certificate(endpoint, role, true, -30, 335)...)
}

func number(name string, value float64) source.Sample {
	for _, n := range redis.infoNumbers {
		if n.metric.Name == name {
			return n.metric.Sample(value, atRedis)
		}
	}
	panic("no number " + name)
}

func healthyWorld() world {
	return world{
		"api " + atFront: healthyFront(atFront, "front").with(
			registry.tlsNameCovered.Sample(1, atFront, "registry.example.org"), registry.tlsCAExpiry.Sample(days(2000), atFront)),
		"api " + atBackend:  healthyFront(atBackend, "backend"),
		"health " + atDebug: read(distribution.healthOK.Sample(1, atDebug)),
		"msr " + atReplica: read(
			msr.replicaHealth.Sample(1, atReplica, "a"), msr.replicaHealth.Sample(1, atReplica, "b"), msr.replicaHealth.Sample(1, atReplica, "c"),
			msr.replicaTimestamp.Sample(days(0), atReplica, "a"), msr.replicaReadonly.Sample(0, atReplica, "a"),
			msr.serverUp.Sample(1, atReplica, "s1"), msr.serverUp.Sample(1, atReplica, "s2"), msr.serverUp.Sample(1, atReplica, "s3"),
			msr.tableAvailability.Sample(4, atReplica, "db", "t"), msr.currentIssues.Sample(0, atReplica, "memory_error", "true"), msr.gcLockHeld.Sample(0, atReplica)),
		"nginx " + atReplica: read(nginx.connectionsActive.Sample(12, atReplica)),
		"ping " + atReplica:  read(msr.pingHealthy.Sample(1, atReplica), msr.pingFailing.Sample(0, atReplica, "other")),
		"redis " + atRedis: read(redis.reachable.Sample(1, atRedis), redis.serverInfo.Sample(1, atRedis, "7.0.15", "master", "allkeys-lru"),
			number("registry_redis_memory_used_bytes", 96<<20), number("registry_redis_memory_max_bytes", 100<<20)),
		"swift " + atSwift: read(swift.reachable.Sample(1, atSwift, "docker_registry"),
			swift.containerObjects.Sample(123456, atSwift, "docker_registry"), swift.containerBytes.Sample(7.5e12, atSwift, "docker_registry")),
	}
}

func nobodyListens() error {
	return fmt.Errorf("asking: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED), Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}})
}

// A fakeProbe is a source with what its last run found.
func fakeProbe(collector, endpoint string, last source.Run) *source.Source {
	p := source.testProbe(time.Minute, nil)
	last.start, last.End = reportTime.Add(-time.Minute), reportTime.Add(-59*time.Second)
	p.track.last = last
	return &source.Source{Collector: collector, Endpoint: endpoint, Probe: p}
}

// reportCases change a healthy world, or add what is not built from the configuration here.
var reportCases = []struct {
	name   string
	change func(w world)
	add    []*source.Source
	config string // replaced in the configuration: old, new
	json   bool
}{
	{name: "everything_is_well", json: true},
	{name: "passive_and_everything_is_well", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n"},
	{name: "storage_down_is_named_before_what_follows_from_it", json: true, change: func(w world) {
		w["swift "+atSwift] = read(swift.reachable.Sample(0, atSwift, "docker_registry")).fails(nobodyListens())
		for _, at := range []string{atFront, atBackend} {
			w["api "+at] = w["api "+at].with(registry.apiUp.Sample(0, at, "front"), registry.apiStatusCode.Sample(503, at, "front")).fails(
				source.Failed(source.ReasonHealthCheckFailed, "status 503 UNAVAILABLE"))
		}
		w["health "+atDebug] = read(distribution.healthOK.Sample(0, atDebug), distribution.healthFailing.Sample(1, atDebug, "storagedriver_swift", "storagedriver"))
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
			registry.apiUp.Sample(0, "10.0.0.4:443", "front")).fails(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.0.0.4"})
	}},
	{name: "a_name_is_not_covered", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(registry.tlsNameCovered.Sample(1, atFront, "registry.example.org"),
			registry.tlsNameCovered.Sample(0, atFront, "10.0.0.5"), registry.tlsNameCovered.Sample(0, atFront, "hub.example.org"))
	}},
	{name: "certificate_ended", change: func(w world) {
		w["api "+atFront] = read(registry.apiUp.Sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, -2)...).fails(
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
		w["api "+atFront] = read(registry.apiUp.Sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, 200)...).fails(x509.UnknownAuthorityError{})
	}},
	{name: "not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", false, -30, 335)...)
	}},
	{name: "down_behind_a_certificate_that_ended_and_is_not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = read(registry.apiUp.Sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, -3)...).fails(
			source.Failed(source.ReasonServerError, "status 502 Bad Gateway"))
	}},
	{name: "backend_with_a_bad_certificate", change: func(w world) {
		w["api "+atBackend] = read(registry.apiUp.Sample(0, atBackend, "backend")).with(certificate(atBackend, "backend", false, -90, 200)...).fails(
			source.Failed(source.ReasonTLSHostname, "x509: certificate is valid for other.example.org, not registry.example.org"))
	}},
	{name: "ca_ends_soon", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(registry.tlsCAExpiry.Sample(days(10), atFront))
	}},
	{name: "wrong_password", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(registry.apiAuthorized.Sample(0, atFront, "front")).fails(source.Failed(source.ReasonUnauthorized, "status 401 UNAUTHORIZED"))
	}},
	{name: "token_server_down", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(registry.apiAuthorized.Sample(0, atFront, "front")).fails(source.Failed(source.ReasonUnavailable, "asking for a token: status 503"))
	}},
	{name: "password_file_is_gone", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].fails(source.Unasked(source.Failed(source.ReasonUnauthorized, "a secret cannot be read: no such file")))
	}},
	{name: "backend_is_down", change: func(w world) {
		w["api "+atBackend] = read(registry.apiUp.Sample(0, atBackend, "backend")).fails(nobodyListens())
	}},
	{name: "something_else_answers", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(registry.apiUp.Sample(0, atFront, "front")).fails(source.Failed(source.ReasonBadAnswer, "status 200 with neither the Distribution header nor a JSON body"))
	}},
	{name: "check_on_the_cache_stops_the_registry", change: func(w world) {
		w["health "+atDebug] = read(distribution.healthOK.Sample(0, atDebug), distribution.healthFailing.Sample(1, atDebug, "10.0.0.6:6379", "tcp"))
		w["redis "+atRedis] = read().fails(nobodyListens())
		w["api "+atFront] = w["api "+atFront].with(registry.apiUp.Sample(0, atFront, "front")).fails(source.Failed(source.ReasonHealthCheckFailed, "status 503"))
	}},
	{name: "health_check_of_one_instance", change: func(w world) {
		w["health "+atDebug] = read(distribution.healthOK.Sample(0, atDebug), distribution.healthFailing.Sample(1, atDebug, "/etc/registry/lock", "file"))
	}},
	{name: "cache_is_full_and_evicts_nothing", change: func(w world) {
		w["redis "+atRedis] = w["redis "+atRedis].with(redis.serverInfo.Sample(1, atRedis, "7.0.15", "master", "noeviction"))
	}},
	{name: "no_spare_replica", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(
			msr.replicaHealth.Sample(1, atReplica, "a"), msr.replicaHealth.Sample(0, atReplica, "b"), msr.replicaHealth.Sample(1, atReplica, "c"),
			msr.serverUp.Sample(1, atReplica, "s1"), msr.serverUp.Sample(0, atReplica, "s2"), msr.serverUp.Sample(1, atReplica, "s3"),
			msr.tableAvailability.Sample(3, atReplica, "db", "t"), msr.currentIssues.Sample(28, atReplica, "table_availability", "false"))
	}},
	{name: "majority_lost", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msr.tableAvailability.Sample(1, atReplica, "db", "t"), msr.currentIssues.Sample(2, atReplica, "table_availability", "true"))
		w["ping "+atReplica] = w["ping "+atReplica].with(msr.pingHealthy.Sample(0, atReplica), msr.pingFailing.Sample(1, atReplica, "metadata"))
	}},
	{name: "no_replica_answers", change: func(w world) {
		w["msr "+atReplica] = read().fails(source.Failed(source.ReasonTimeout, "no answer"))
		w["ping "+atReplica] = read(msr.pingHealthy.Sample(0, atReplica)).fails(source.Failed(source.ReasonTimeout, "no answer"))
	}},
	{name: "certificates_of_all_replicas_ended", change: func(w world) {
		w["msr "+atReplica] = read().fails(source.Failed(source.ReasonTLSExpired, "the certificate has ended"))
		w["ping "+atReplica] = read(msr.pingHealthy.Sample(0, atReplica)).fails(source.Failed(source.ReasonTLSExpired, "the certificate has ended"))
	}},
	{name: "read_only_during_a_garbage_collection", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msr.replicaReadonly.Sample(1, atReplica, "a"), msr.gcLockHeld.Sample(1, atReplica))
	}},
	{name: "replica_without_a_verdict_for_long", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msr.replicaTimestamp.Sample(days(-1), atReplica, "a"))
	}},
	{name: "cluster_status_is_for_admins", change: func(w world) { w["msr "+atReplica] = read().fails(source.Failed(source.ReasonForbidden, "status 403")) }},
	{name: "pull_and_push_work", add: []*source.Source{
		fakeProbe("pull", atFront, source.Run{Steps: []source.Step{
			{Name: "library/base:1.0 manifest", Took: 12 * time.Millisecond, Note: "3 layers, 27 MB"},
			{Name: "library/base:1.0 layers", Took: 1200 * time.Millisecond, Note: "8 MiB verified"},
		}}),
		fakeProbe("push", atFront, source.Run{Steps: []source.Step{{Name: "start", Took: 5 * time.Millisecond}, {Name: "cancel", Took: 5 * time.Millisecond}}}),
	}},
	{name: "part_of_an_image_is_missing", json: true, add: []*source.Source{fakeProbe("pull", atFront, source.Run{
		Err: fmt.Errorf("library/app:2.0: %w", source.Failed(source.ReasonMissingBlob, "layer 2: status 404 BLOB_UNKNOWN")),
		Steps: []source.Step{
			{Name: "library/base:1.0 manifest", Took: 12 * time.Millisecond, Note: "3 layers, 27 MB"},
			{Name: "library/app:2.0 layer 2", Took: 3 * time.Millisecond, Err: source.Failed(source.ReasonMissingBlob, "status 404 BLOB_UNKNOWN")},
		},
	})}},
	{name: "push_finds_the_store_full", add: []*source.Source{fakeProbe("push", atFront, source.Run{Err: source.Failed(source.ReasonNoSpace, "status 507")})}},
	{name: "push_is_refused_while_read_only", add: []*source.Source{fakeProbe("push", atFront, source.Run{Err: source.Failed(source.ReasonReadOnly, "status 405 UNSUPPORTED")})}},
	{name: "push_may_not_cancel", add: []*source.Source{fakeProbe("push", atFront, source.Run{
		Err: source.Failed(source.ReasonForbidden, "status 403 DENIED"),
		Steps: []source.Step{
			{Name: "auth"}, {Name: "start"}, {Name: "chunk"}, {Name: "status"}, {Name: "cancel", Err: source.Failed(source.ReasonForbidden, "status 403 DENIED")},
		},
	})}},
	{name: "pull_fails_at_a_backend_only", add: []*source.Source{
		fakeProbe("pull", atFront, source.Run{}),
		fakeProbe("pull", atBackend, source.Run{Err: source.Failed(source.ReasonDigestMismatch, "layer 1: sha256 is another")}),
	}},
	{name: "store_can_be_read_and_not_written", add: []*source.Source{fakeProbe("swift_probe", atSwift, source.Run{
		Samples: []source.Sample{swift.readSuccess.Sample(1, atSwift, "")},
		Err:     source.Failed(source.ReasonNoSpace, "status 507"),
		Steps:   []source.Step{{Name: "auth"}, {Name: "put", Err: source.Failed(source.ReasonNoSpace, "status 507")}, {Name: "read"}},
	})}},
	{name: "object_servers_are_down", add: []*source.Source{fakeProbe("swift_probe", atSwift, source.Run{
		Samples: []source.Sample{swift.readSuccess.Sample(0, atSwift, "")},
		Err:     source.Failed(source.ReasonMissingBlob, "it is listed and not there"),
	})}},
	{name: "push_is_let_through_at_a_passive_site", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n", add: []*source.Source{
		fakeProbe("push", atFront, source.Run{Err: source.Failed(source.ReasonWriteAccepted, "an upload was begun")}),
	}},
	{name: "probe_that_has_not_run", add: []*source.Source{{Collector: "pull", Endpoint: atFront, Probe: source.testProbe(time.Minute, nil)}}},
	{name: "probe_that_runs_no_longer", add: []*source.Source{func() *source.Source {
		s := fakeProbe("push", atFront, source.Run{})
		s.Probe.Every = time.Second
		return s
	}()}},
	{name: "probe_that_may_take_longer_than_its_clock", add: []*source.Source{func() *source.Source {
		s := fakeProbe("replication", atFront, source.Run{})
		s.Probe.Every, s.Probe.Timeout = 10*time.Second, time.Minute
		return s
	}()}},
	{name: "another_site_cannot_be_asked_for_the_canary", add: []*source.Source{fakeProbe("replication", atFront, source.Run{
		Err:   registry.otherSite{error: nobodyListens(), site: "codfw"},
		Steps: []source.Step{{Name: "at codfw", Err: nobodyListens()}},
	})}},
	{
		name: "replication_pushes_with_the_account_of_the_pushes", config: "  push: {repository: monitoring/canary}\n|  push: {repository: monitoring/canary, http: {basic_auth: {username: pusher, password: push-password}, tls_config: {ca_file: CAFILE}}}\n" +
			"  replication: {canary: monitoring/replica}\n- {name: hub, site: codfw, url: \"https://registry.codfw.example.org\"}\n",
		add: []*source.Source{fakeProbe("replication", atFront, source.Run{Err: source.Failed(source.ReasonUnauthorized, "status 401")})},
	},
	{name: "name_of_an_image_begins_with_that_of_another", config: "library/base:1.0|library/base:1\", \"library/base:1.0", add: []*source.Source{fakeProbe("pull", atFront, source.Run{
		Err: source.Failed(source.ReasonMissingBlob, "status 404"),
		Steps: []source.Step{
			{Name: "library/base:1 manifest"},
			{Name: "library/base:1.0 manifest", Err: source.Failed(source.ReasonMissingBlob, "status 404")},
		},
	})}},
	{name: "collector_without_words_of_its_own", change: func(w world) {
		lines := source.Counter("registry_mirror_lines_total", "", "endpoint", "code")
		w["mirror mirror.example.org:80"] = read(lines.Sample(12345, "mirror.example.org:80", "200"), source.Gauge("registry_mirror_lag_bytes", "", "endpoint").Sample(2048, "mirror.example.org:80"))
	}, add: []*source.Source{{Collector: "mirror", Endpoint: "mirror.example.org:80"}}},
	{name: "access_log", change: func(w world) {
		w["access /var/log/nginx/access.log"] = read(access.linesTotal.Sample(12345, "parsed"), access.logLag.Sample(2048, "/var/log/nginx/access.log"))
	}, add: []*source.Source{{Collector: "access", Endpoint: "/var/log/nginx/access.log"}}},
	{name: "collector_without_words_of_its_own_fails", change: func(w world) {
		w["access /var/log/nginx/access.log"] = read().fails(source.Failed(source.ReasonForbidden, "opening the log: permission denied"))
	}, add: []*source.Source{{Collector: "access", Endpoint: "/var/log/nginx/access.log"}}},
	{name: "exporter_panics", change: func(w world) {
		w["nginx "+atReplica] = read().fails(source.Failed(source.ReasonPanic, "panic: oh\ngoroutine 7"))
	}},
	{name: "stopped_half_way", change: func(w world) { w["swift "+atSwift] = read().fails(context.Canceled) }},
	{name: "hostile_answers", json: true, change: func(w world) {
		escape := "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e registry-password"
		w["redis "+atRedis] = read(redis.serverInfo.Sample(1, atRedis, escape, escape, "noeviction")).fails(errors.New(escape + "\n" + strings.Repeat("x", 5000)))
		w["health "+atDebug] = read(distribution.healthFailing.Sample(1, atDebug, escape, "file"))
	}, add: []*source.Source{fakeProbe("pull", atFront, source.Run{
		Err:   source.Failed(source.ReasonBadAnswer, "redis-password \x1b[31m"),
		Steps: []source.Step{{Name: "\x1b[1mmanifest", Note: "$(reboot) registry-password", Err: errors.New("redis-password\x00")}},
	})}},
	{name: "hostile_configuration", config: "container: docker_registry|container: \"it's; $(reboot)\"", change: func(w world) {
		w["swift "+atSwift] = read().fails(source.Failed(source.ReasonForbidden, "status 403"))
	}},
}

// reportOf builds the report of a case. The sources of the configuration that w does not know are healthy.
func reportOf(t *testing.T, text string, w world, add []*source.Source) (*report.Report, func(string) string) {
	t.Helper()
	ca := testserver.NewAuthority(t, "CA", nil).File(t)
	key := testserver.TempFile(t, "key", []byte("swift-key-of-eqiad"))
	e := collectortest.New(t, strings.NewReplacer("CAFILE", ca, "KEYFILE", key).Replace(withAll(text)))
	r := e.live.Load().registries[0]
	for _, s := range add {
		for _, known := range r.sources {
			if known.Collector == s.Collector && (known.Endpoint == s.Endpoint || s.Words.Place == nil) {
				s.Words = known.Words
			}
		}
	}
	r.sources = slices.DeleteFunc(r.sources, func(s *source.Source) bool { return s.Probe != nil || s.Companion != nil })
	r.add(add...)
	var results []source.Result
	for _, s := range r.sources {
		res, found := w[s.Collector+" "+s.Endpoint]
		if s.Probe != nil {
			last := s.Probe.track.result()
			res = source.Result{Samples: last.Samples, Last: last, Err: last.Err, Duration: last.End.Sub(last.start)}
		} else if !found {
			t.Fatalf("the world says nothing of %s %s", s.Collector, s.Endpoint)
		} else {
			res.Duration = 34 * time.Millisecond
		}
		res.Source = s
		res.Samples = r.secrets.Mask().samples(res.Samples)
		results = append(results, res)
	}
	report := &report.Report{Registries: []*report.RegistryReport{r.report(results, reportTime)}, Time: reportTime}
	report.Summarize()
	return report, func(text string) string {
		return strings.NewReplacer(ca, "/etc/ssl/hub-ca.pem", key, "/run/secrets/swift").Replace(text)
	}
}

func TestReports(t *testing.T) {
	for _, c := range reportCases {
		t.Run(c.name, func(t *testing.T) {
			w := maps.Clone(healthyWorld())
			if c.change != nil {
				c.change(w)
			}
			text := reportConfig
			if old, new, changed := strings.Cut(c.config, "|"); changed {
				text = strings.Replace(text, old, new, 1)
			}
			report, named := reportOf(t, text, w, c.add)
			var out bytes.Buffer
			if err := report.WriteText(&out, false); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", named(out.String()))
			if c.json {
				text, err := json.MarshalIndent(report, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				golden(t, c.name+".json", named(string(text))+"\n")
			}
		})
	}
}

// A check that was interrupted has not shown that all is well.
func TestReportOfAnInterruptedCheckHasFailed(t *testing.T) {
	f := registry.startRegistry(t)
	e, _ := f.puller(t, "", "library/base:1.0")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	f.answer("1.0", func(w http.ResponseWriter, r *http.Request) { interrupt(); testserver.Hang(w, r) })
	r := e.live.Load().registries[0]
	r.sources = msr.sourcesOf(r, "pull")
	report, err := e.Check(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Failed() || report.Summary != "1 registry, 1 check, 0 failed, 1 not run yet" {
		t.Errorf("failed is %t: %s", report.Failed(), report.Summary)
	}
}

var control = regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x9f\x{202a}-\x{202e}]|password|swift-key`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "check", name)
	if collectortest.Update() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now:\n%s", name, got)
	}
	if found := control.FindString(strings.ReplaceAll(strings.ReplaceAll(got, "password is", ""), "password_file", "")); found != "" {
		t.Errorf("%s holds %q", name, found)
	}
}
