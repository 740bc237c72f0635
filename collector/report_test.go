package collector

import (
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
)

// reportTime is now in these reports.
var reportTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is what each source of a registry says, by collector and endpoint.
type world map[string]result

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

func days(n float64) float64 { return unix(reportTime.Add(time.Duration(n * 24 * float64(time.Hour)))) }

func read(samples ...sample) result { return result{samples: samples} }

// with adds samples; those of a metric that is there already take its place.
func (r result) with(samples ...sample) result {
	var kept []sample
	for _, s := range r.samples {
		if !has(samples, s.metric) {
			kept = append(kept, s)
		}
	}
	r.samples = append(kept, samples...)
	return r
}

func (r result) fails(err error) result {
	r.err = err
	return r
}

func certificate(endpoint, role string, verified bool, start, end float64) []sample {
	return []sample{
		tlsVerified.sample(bool01(verified), endpoint, role),
		tlsStart.sample(days(start), endpoint, role), tlsExpiry.sample(days(end), endpoint, role),
	}
}

func healthyFront(endpoint, role string) result {
	return read(apiUp.sample(1, endpoint, role), apiStatusCode.sample(401, endpoint, role), apiAuth.sample(1, endpoint, role, "basic"),
		apiAuthorized.sample(1, endpoint, role)).with(certificate(endpoint, role, true, -30, 335)...)
}

func number(name string, value float64) sample {
	for _, n := range redisNumbers {
		if n.metric.name == name {
			return n.metric.sample(value, atRedis)
		}
	}
	panic("no number " + name)
}

func healthyWorld() world {
	return world{
		"api " + atFront: healthyFront(atFront, "front").with(
			tlsNameCovered.sample(1, atFront, "registry.example.org"), tlsCAExpiry.sample(days(2000), atFront)),
		"api " + atBackend:  healthyFront(atBackend, "backend"),
		"health " + atDebug: read(healthOK.sample(1, atDebug)),
		"msr " + atReplica: read(
			msrReplicaHealth.sample(1, atReplica, "a"), msrReplicaHealth.sample(1, atReplica, "b"), msrReplicaHealth.sample(1, atReplica, "c"),
			msrReplicaTimestamp.sample(days(0), atReplica, "a"), msrReplicaReadonly.sample(0, atReplica, "a"),
			msrServerUp.sample(1, atReplica, "s1"), msrServerUp.sample(1, atReplica, "s2"), msrServerUp.sample(1, atReplica, "s3"),
			msrTableAvailability.sample(4, atReplica, "db", "t"), msrIssues.sample(0, atReplica, "memory_error", "true"), msrGCLockHeld.sample(0, atReplica)),
		"nginx " + atReplica: read(nginxActive.sample(12, atReplica)),
		"ping " + atReplica:  read(pingHealthy.sample(1, atReplica), pingFailing.sample(0, atReplica, "other")),
		"redis " + atRedis: read(redisReachable.sample(1, atRedis), redisInfo.sample(1, atRedis, "7.0.15", "master", "allkeys-lru"),
			number("registry_redis_memory_used_bytes", 96<<20), number("registry_redis_memory_max_bytes", 100<<20)),
		"swift " + atSwift: read(swiftReachable.sample(1, atSwift, "docker_registry"),
			swiftObjects.sample(123456, atSwift, "docker_registry"), swiftBytes.sample(7.5e12, atSwift, "docker_registry")),
	}
}

func nobodyListens() error {
	return fmt.Errorf("asking: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED), Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}})
}

// A fakeProbe is a source with what its last run found.
func fakeProbe(collector, endpoint string, last run) *source {
	p := testProbe(time.Minute, nil)
	last.start, last.end = reportTime.Add(-time.Minute), reportTime.Add(-59*time.Second)
	p.track.last = last
	return &source{collector: collector, endpoint: endpoint, probe: p}
}

// reportCases change a healthy world, or add what is not built from the configuration here.
var reportCases = []struct {
	name   string
	change func(w world)
	add    []*source
	config string // replaced in the configuration: old, new
	json   bool
}{
	{name: "everything_is_well", json: true},
	{name: "passive_and_everything_is_well", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n"},
	{name: "storage_down_is_named_before_what_follows_from_it", json: true, change: func(w world) {
		w["swift "+atSwift] = read(swiftReachable.sample(0, atSwift, "docker_registry")).fails(nobodyListens())
		for _, at := range []string{atFront, atBackend} {
			w["api "+at] = w["api "+at].with(apiUp.sample(0, at, "front"), apiStatusCode.sample(503, at, "front")).fails(
				failed(reasonHealthCheckFailed, "status 503 UNAVAILABLE"))
		}
		w["health "+atDebug] = read(healthOK.sample(0, atDebug), healthFailing.sample(1, atDebug, "storagedriver_swift", "storagedriver"))
	}},
	{name: "storage_down_at_a_passive_site", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n", change: func(w world) {
		w["swift "+atSwift] = read().fails(failed(reasonTimeout, "no answer"))
	}},
	{name: "container_is_not_found", change: func(w world) { w["swift "+atSwift] = read().fails(failed(reasonNotFound, "status 404")) }},
	{name: "swift_refuses_the_key", change: func(w world) { w["swift "+atSwift] = read().fails(failed(reasonUnauthorized, "status 401")) }},
	{name: "no_ip_san", config: "https://registry.example.org|https://10.0.0.4", change: func(w world) {
		w["api 10.0.0.4:443"] = healthyFront("10.0.0.4:443", "front").with(certificate("10.0.0.4:443", "front", false, -30, 335)...).with(
			apiUp.sample(0, "10.0.0.4:443", "front")).fails(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.0.0.4"})
	}},
	{name: "a_name_is_not_covered", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(tlsNameCovered.sample(1, atFront, "registry.example.org"),
			tlsNameCovered.sample(0, atFront, "10.0.0.5"), tlsNameCovered.sample(0, atFront, "hub.example.org"))
	}},
	{name: "certificate_ended", change: func(w world) {
		w["api "+atFront] = read(apiUp.sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, -2)...).fails(
			failed(reasonTLSExpired, "x509: certificate has expired or is not yet valid"))
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
		w["api "+atFront] = read(apiUp.sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, 200)...).fails(x509.UnknownAuthorityError{})
	}},
	{name: "not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(certificate(atFront, "front", false, -30, 335)...)
	}},
	{name: "down_behind_a_certificate_that_ended_and_is_not_verified_on_purpose", change: func(w world) {
		w["api "+atFront] = read(apiUp.sample(0, atFront, "front")).with(certificate(atFront, "front", false, -90, -3)...).fails(
			failed(reasonServerError, "status 502 Bad Gateway"))
	}},
	{name: "backend_with_a_bad_certificate", change: func(w world) {
		w["api "+atBackend] = read(apiUp.sample(0, atBackend, "backend")).with(certificate(atBackend, "backend", false, -90, 200)...).fails(
			failed(reasonTLSHostname, "x509: certificate is valid for other.example.org, not registry.example.org"))
	}},
	{name: "ca_ends_soon", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(tlsCAExpiry.sample(days(10), atFront))
	}},
	{name: "wrong_password", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(apiAuthorized.sample(0, atFront, "front")).fails(failed(reasonUnauthorized, "status 401 UNAUTHORIZED"))
	}},
	{name: "token_server_down", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(apiAuthorized.sample(0, atFront, "front")).fails(failed(reasonUnavailable, "asking for a token: status 503"))
	}},
	{name: "password_file_is_gone", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].fails(unasked(failed(reasonUnauthorized, "a secret cannot be read: no such file")))
	}},
	{name: "backend_is_down", change: func(w world) {
		w["api "+atBackend] = read(apiUp.sample(0, atBackend, "backend")).fails(nobodyListens())
	}},
	{name: "something_else_answers", change: func(w world) {
		w["api "+atFront] = w["api "+atFront].with(apiUp.sample(0, atFront, "front")).fails(failed(reasonBadAnswer, "status 200 with neither the Distribution header nor a JSON body"))
	}},
	{name: "check_on_the_cache_stops_the_registry", change: func(w world) {
		w["health "+atDebug] = read(healthOK.sample(0, atDebug), healthFailing.sample(1, atDebug, "10.0.0.6:6379", "tcp"))
		w["redis "+atRedis] = read().fails(nobodyListens())
		w["api "+atFront] = w["api "+atFront].with(apiUp.sample(0, atFront, "front")).fails(failed(reasonHealthCheckFailed, "status 503"))
	}},
	{name: "health_check_of_one_instance", change: func(w world) {
		w["health "+atDebug] = read(healthOK.sample(0, atDebug), healthFailing.sample(1, atDebug, "/etc/registry/lock", "file"))
	}},
	{name: "cache_is_full_and_evicts_nothing", change: func(w world) {
		w["redis "+atRedis] = w["redis "+atRedis].with(redisInfo.sample(1, atRedis, "7.0.15", "master", "noeviction"))
	}},
	{name: "no_spare_replica", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(
			msrReplicaHealth.sample(1, atReplica, "a"), msrReplicaHealth.sample(0, atReplica, "b"), msrReplicaHealth.sample(1, atReplica, "c"),
			msrServerUp.sample(1, atReplica, "s1"), msrServerUp.sample(0, atReplica, "s2"), msrServerUp.sample(1, atReplica, "s3"),
			msrTableAvailability.sample(3, atReplica, "db", "t"), msrIssues.sample(28, atReplica, "table_availability", "false"))
	}},
	{name: "majority_lost", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msrTableAvailability.sample(1, atReplica, "db", "t"), msrIssues.sample(2, atReplica, "table_availability", "true"))
		w["ping "+atReplica] = w["ping "+atReplica].with(pingHealthy.sample(0, atReplica), pingFailing.sample(1, atReplica, "metadata"))
	}},
	{name: "no_replica_answers", change: func(w world) {
		w["msr "+atReplica] = read().fails(failed(reasonTimeout, "no answer"))
		w["ping "+atReplica] = read(pingHealthy.sample(0, atReplica)).fails(failed(reasonTimeout, "no answer"))
	}},
	{name: "certificates_of_all_replicas_ended", change: func(w world) {
		w["msr "+atReplica] = read().fails(failed(reasonTLSExpired, "the certificate has ended"))
		w["ping "+atReplica] = read(pingHealthy.sample(0, atReplica)).fails(failed(reasonTLSExpired, "the certificate has ended"))
	}},
	{name: "read_only_during_a_garbage_collection", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msrReplicaReadonly.sample(1, atReplica, "a"), msrGCLockHeld.sample(1, atReplica))
	}},
	{name: "replica_without_a_verdict_for_long", change: func(w world) {
		w["msr "+atReplica] = w["msr "+atReplica].with(msrReplicaTimestamp.sample(days(-1), atReplica, "a"))
	}},
	{name: "cluster_status_is_for_admins", change: func(w world) { w["msr "+atReplica] = read().fails(failed(reasonForbidden, "status 403")) }},
	{name: "pull_and_push_work", add: []*source{
		fakeProbe("pull", atFront, run{steps: []step{
			{name: "library/base:1.0 manifest", took: 12 * time.Millisecond, note: "3 layers, 27 MB"},
			{name: "library/base:1.0 layers", took: 1200 * time.Millisecond, note: "8 MiB verified"},
		}}),
		fakeProbe("push", atFront, run{steps: []step{{name: "start", took: 5 * time.Millisecond}, {name: "cancel", took: 5 * time.Millisecond}}}),
	}},
	{name: "part_of_an_image_is_missing", json: true, add: []*source{fakeProbe("pull", atFront, run{
		err: fmt.Errorf("library/app:2.0: %w", failed(reasonMissingBlob, "layer 2: status 404 BLOB_UNKNOWN")),
		steps: []step{
			{name: "library/base:1.0 manifest", took: 12 * time.Millisecond, note: "3 layers, 27 MB"},
			{name: "library/app:2.0 layer 2", took: 3 * time.Millisecond, err: failed(reasonMissingBlob, "status 404 BLOB_UNKNOWN")},
		},
	})}},
	{name: "push_finds_the_store_full", add: []*source{fakeProbe("push", atFront, run{err: failed(reasonNoSpace, "status 507")})}},
	{name: "push_is_refused_while_read_only", add: []*source{fakeProbe("push", atFront, run{err: failed(reasonReadOnly, "status 405 UNSUPPORTED")})}},
	{name: "push_may_not_cancel", add: []*source{fakeProbe("push", atFront, run{
		err: failed(reasonForbidden, "status 403 DENIED"),
		steps: []step{
			{name: "auth"}, {name: "start"}, {name: "chunk"}, {name: "status"}, {name: "cancel", err: failed(reasonForbidden, "status 403 DENIED")},
		},
	})}},
	{name: "pull_fails_at_a_backend_only", add: []*source{
		fakeProbe("pull", atFront, run{}),
		fakeProbe("pull", atBackend, run{err: failed(reasonDigestMismatch, "layer 1: sha256 is another")}),
	}},
	{name: "store_can_be_read_and_not_written", add: []*source{fakeProbe("swift_probe", atSwift, run{
		samples: []sample{swiftReadSuccess.sample(1, atSwift, "")},
		err:     failed(reasonNoSpace, "status 507"),
		steps:   []step{{name: "auth"}, {name: "put", err: failed(reasonNoSpace, "status 507")}, {name: "read"}},
	})}},
	{name: "object_servers_are_down", add: []*source{fakeProbe("swift_probe", atSwift, run{
		samples: []sample{swiftReadSuccess.sample(0, atSwift, "")},
		err:     failed(reasonMissingBlob, "it is listed and not there"),
	})}},
	{name: "push_is_let_through_at_a_passive_site", config: "  site: eqiad\n|  site: eqiad\n  passive: true\n", add: []*source{
		fakeProbe("push", atFront, run{err: failed(reasonWriteAccepted, "an upload was begun")}),
	}},
	{name: "probe_that_has_not_run", add: []*source{{collector: "pull", endpoint: atFront, probe: testProbe(time.Minute, nil)}}},
	{name: "probe_that_runs_no_longer", add: []*source{func() *source {
		s := fakeProbe("push", atFront, run{})
		s.probe.every = time.Second
		return s
	}()}},
	{name: "probe_that_may_take_longer_than_its_clock", add: []*source{func() *source {
		s := fakeProbe("replication", atFront, run{})
		s.probe.every, s.probe.timeout = 10*time.Second, time.Minute
		return s
	}()}},
	{name: "another_site_cannot_be_asked_for_the_canary", add: []*source{fakeProbe("replication", atFront, run{
		err:   otherSite{nobodyListens(), "codfw"},
		steps: []step{{name: "at codfw", err: nobodyListens()}},
	})}},
	{
		name: "replication_pushes_with_the_account_of_the_pushes", config: "  push: {repository: monitoring/canary}\n|  push: {repository: monitoring/canary, http: {basic_auth: {username: pusher, password: push-password}, tls_config: {ca_file: CAFILE}}}\n" +
			"  replication: {canary: monitoring/replica}\n- {name: hub, site: codfw, url: \"https://registry.codfw.example.org\"}\n",
		add: []*source{fakeProbe("replication", atFront, run{err: failed(reasonUnauthorized, "status 401")})},
	},
	{name: "name_of_an_image_begins_with_that_of_another", config: "library/base:1.0|library/base:1\", \"library/base:1.0", add: []*source{fakeProbe("pull", atFront, run{
		err: failed(reasonMissingBlob, "status 404"),
		steps: []step{
			{name: "library/base:1 manifest"},
			{name: "library/base:1.0 manifest", err: failed(reasonMissingBlob, "status 404")},
		},
	})}},
	{name: "collector_without_words_of_its_own", change: func(w world) {
		lines := counter("registry_mirror_lines_total", "", "endpoint", "code")
		w["mirror mirror.example.org:80"] = read(lines.sample(12345, "mirror.example.org:80", "200"), gauge("registry_mirror_lag_bytes", "", "endpoint").sample(2048, "mirror.example.org:80"))
	}, add: []*source{{collector: "mirror", endpoint: "mirror.example.org:80"}}},
	{name: "access_log", change: func(w world) {
		w["access /var/log/nginx/access.log"] = read(accessLines.sample(12345, "parsed"), accessLag.sample(2048, "/var/log/nginx/access.log"))
	}, add: []*source{{collector: "access", endpoint: "/var/log/nginx/access.log"}}},
	{name: "collector_without_words_of_its_own_fails", change: func(w world) {
		w["access /var/log/nginx/access.log"] = read().fails(failed(reasonForbidden, "opening the log: permission denied"))
	}, add: []*source{{collector: "access", endpoint: "/var/log/nginx/access.log"}}},
	{name: "exporter_panics", change: func(w world) { w["nginx "+atReplica] = read().fails(failed(reasonPanic, "panic: oh\ngoroutine 7")) }},
	{name: "stopped_half_way", change: func(w world) { w["swift "+atSwift] = read().fails(context.Canceled) }},
	{name: "hostile_answers", json: true, change: func(w world) {
		escape := "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e registry-password"
		w["redis "+atRedis] = read(redisInfo.sample(1, atRedis, escape, escape, "noeviction")).fails(errors.New(escape + "\n" + strings.Repeat("x", 5000)))
		w["health "+atDebug] = read(healthFailing.sample(1, atDebug, escape, "file"))
	}, add: []*source{fakeProbe("pull", atFront, run{
		err:   failed(reasonBadAnswer, "redis-password \x1b[31m"),
		steps: []step{{name: "\x1b[1mmanifest", note: "$(reboot) registry-password", err: errors.New("redis-password\x00")}},
	})}},
	{name: "hostile_configuration", config: "container: docker_registry|container: \"it's; $(reboot)\"", change: func(w world) {
		w["swift "+atSwift] = read().fails(failed(reasonForbidden, "status 403"))
	}},
}

// reportOf builds the report of a case. The sources of the configuration that w does not know are healthy.
func reportOf(t *testing.T, text string, w world, add []*source) (*Report, func(string) string) {
	t.Helper()
	ca := newAuthority(t, "CA", nil).file(t)
	key := tempFile(t, "key", []byte("swift-key-of-eqiad"))
	e := newTestExporter(t, strings.NewReplacer("CAFILE", ca, "KEYFILE", key).Replace(withAll(text)))
	r := e.live.Load().registries[0]
	for _, s := range add {
		for _, known := range r.sources {
			if known.collector == s.collector && (known.endpoint == s.endpoint || s.words.place == nil) {
				s.words = known.words
			}
		}
	}
	r.sources = slices.DeleteFunc(r.sources, func(s *source) bool { return s.probe != nil || s.companion != nil })
	r.add(add...)
	var results []result
	for _, s := range r.sources {
		res, found := w[s.collector+" "+s.endpoint]
		if s.probe != nil {
			last := s.probe.track.result()
			res = result{samples: last.samples, last: last, err: last.err, duration: last.end.Sub(last.start)}
		} else if !found {
			t.Fatalf("the world says nothing of %s %s", s.collector, s.endpoint)
		} else {
			res.duration = 34 * time.Millisecond
		}
		res.source = s
		res.samples = r.secrets.mask().samples(res.samples)
		results = append(results, res)
	}
	report := &Report{Registries: []*RegistryReport{r.report(results, reportTime)}, Time: reportTime}
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
	f := startRegistry(t)
	e, _ := f.puller(t, "", "library/base:1.0")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	f.answer("1.0", func(w http.ResponseWriter, r *http.Request) { interrupt(); hang(w, r) })
	r := e.live.Load().registries[0]
	r.sources = sourcesOf(r, "pull")
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
	if *update {
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
