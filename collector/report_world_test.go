package collector

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"registry_exporter/collector/source"
)

// reportTime is the time of these reports.
var reportTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// readingTime is how long reading a source takes that is no probe.
const readingTime = 34 * time.Millisecond

// A world has the reading of each source of a registry, by collector and address.
type world map[string]reading

// A reading is the result of one source.
type reading struct {
	samples []source.Sample
	err     error
}

const (
	atFront   = "registry.example.org:443"
	atBackend = "10.0.0.5:5000"
	atReplica = "10.0.0.11:443"
	atSwift   = "swift.example.org:443"
	atRedis   = "10.0.0.6:6379"
	atDebug   = "10.0.0.5:5001"
	atNotary  = "notary.example.org:443"
)

// reportConfig has a registry with most kinds of sources. The tests send no requests to them.
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

// probesAndLogs are the kinds of sources that reportConfig does not have.
const probesAndLogs = `  replication: {canary: monitoring/canary}
  trust: {url: https://notary.example.org}
  access_log: {paths: [/var/log/nginx/access.log]}
  registry_log: {paths: [/var/log/docker-registry.log]}
- {name: hub, site: codfw, url: "https://registry.codfw.example.org"}
`

// withAll adds the kinds of sources that a configuration does not have.
func withAll(text string) string {
	text = strings.Replace(text, "container: docker_registry}", "container: docker_registry, probe: {}, count: {prefixes: [files/]}}", 1)
	text = strings.Replace(text, "msr: {replicas: [https://10.0.0.11]}", "msr: {replicas: [https://10.0.0.11], mirrors: [team/app], repositories: [team/app]}", 1)
	if strings.Contains(text, "replication:") || strings.Contains(text, "passive: true") || !strings.Contains(text, "name: hub\n") {
		return text
	}
	return text + probesAndLogs
}

func days(n float64) float64 {
	return source.Unix(reportTime.Add(time.Duration(n * 24 * float64(time.Hour))))
}

func read(samples ...source.Sample) reading { return reading{samples: samples} }

// with adds samples. Samples of a metric that is there already take its place.
func (r reading) with(samples ...source.Sample) reading {
	var kept []source.Sample
	for _, s := range r.samples {
		if !slices.ContainsFunc(samples, func(new source.Sample) bool { return new.Metric.Name == s.Metric.Name }) {
			kept = append(kept, s)
		}
	}
	r.samples = append(kept, samples...)
	return r
}

func (r reading) fails(err error) reading {
	r.err = err
	return r
}

func certificate(address, role string, verified bool, start, end float64) []source.Sample {
	return []source.Sample{
		sample("registry_tls_verified", source.Bool01(verified), address, role),
		sample("registry_tls_start_timestamp_seconds", days(start), address, role), sample("registry_tls_expiry_timestamp_seconds", days(end), address, role),
	}
}

func healthyFront(address, role string) reading {
	return read(sample("registry_api_up", 1, address, role), sample("registry_api_status_code", 401, address, role), sample("registry_api_auth", 1, address, role, "basic"),
		sample("registry_api_authorized", 1, address, role)).with(certificate(address, role, true, -30, 335)...)
}

func healthyWorld() world {
	return world{
		"api " + atFront: healthyFront(atFront, "front").with(
			sample("registry_tls_name_covered", 1, atFront, "registry.example.org"), sample("registry_tls_ca_expiry_timestamp_seconds", days(2000), atFront)),
		"api " + atBackend:  healthyFront(atBackend, "backend"),
		"debug " + atDebug:  read(sample("registry_distribution_info", 1, atDebug, "2"), sample("registry_webhook_pending", 3, atDebug, "scanner")),
		"health " + atDebug: read(sample("registry_health_ok", 1, atDebug)),
		"msr " + atReplica: read(
			sample("registry_msr_replica_health", 1, atReplica, "a"), sample("registry_msr_replica_health", 1, atReplica, "b"), sample("registry_msr_replica_health", 1, atReplica, "c"),
			sample("registry_msr_replica_timestamp_seconds", days(0), atReplica, "a"), sample("registry_msr_replica_readonly", 0, atReplica, "a"),
			sample("registry_msr_server_up", 1, atReplica, "s1"), sample("registry_msr_server_up", 1, atReplica, "s2"), sample("registry_msr_server_up", 1, atReplica, "s3"),
			sample("registry_msr_table_availability", 4, atReplica, "db", "t"), sample("registry_msr_current_issues", 0, atReplica, "memory_error", "true"), sample("registry_msr_gc_lock_held", 0, atReplica)),
		"nginx " + atReplica: read(sample("registry_nginx_connections_active", 12, atReplica)),
		"ping " + atReplica:  read(sample("registry_msr_ping_healthy", 1, atReplica), sample("registry_msr_ping_component_failing", 0, atReplica, "other")),
		"redis " + atRedis: read(sample("registry_redis_reachable", 1, atRedis), sample("registry_redis_info", 1, atRedis, "7.0.15", "master", "allkeys-lru"),
			sample("registry_redis_memory_used_bytes", 96<<20, atRedis), sample("registry_redis_memory_max_bytes", 100<<20, atRedis)),
		"swift " + atSwift: read(sample("registry_swift_reachable", 1, atSwift, "docker_registry"),
			sample("registry_swift_container_objects", 123456, atSwift, "docker_registry"), sample("registry_swift_container_bytes", 7.5e12, atSwift, "docker_registry")),
	}
}

func nobodyListens() error {
	return fmt.Errorf("asking: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED), Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}})
}

// ran makes the result of a probe from its last run.
func ran(collector, address string, last source.Run) source.Result {
	last.End = reportTime.Add(-59 * time.Second)
	p := &source.Probe{Every: time.Minute}
	return source.Result{
		Source:  p.Source(&source.Source{Collector: collector, Address: address}, source.NewTrack()),
		Samples: last.Samples, Last: last, Err: last.Err, Duration: time.Second,
	}
}

// every gives the probe of a result another interval and timeout.
func every(interval, timeout time.Duration, res source.Result) source.Result {
	res.Source.Probe.Every, res.Source.Probe.Timeout = interval, timeout
	return res
}

// notRun makes the result of a probe whose first run has not ended.
func notRun(collector, address string) source.Result {
	p := &source.Probe{Every: time.Minute}
	s := p.Source(&source.Source{Collector: collector, Address: address}, source.NewTrack())
	return source.Result{Source: s, Err: source.Failed(source.ReasonPending, "the first run has not ended yet")}
}

// added makes the result of a source that is not in the configuration of these reports.
func added(collector, address string, r reading) source.Result {
	return source.Result{Source: &source.Source{Collector: collector, Address: address}, Samples: r.samples, Err: r.err, Duration: readingTime}
}
