package e2e

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// instances are the registries that are well while nothing is broken.
var instances = []string{"hub@eqiad", "hub@codfw", "tcp-check", "keystone", "basic", "basic-anonymous", "token", "content", "pair", "cached", "msr"}

// A Fault is one way to break the stack and what the pages must say then: nothing more and nothing less.
type Fault struct {
	Name  string
	Start func(*Stack) error
	End   func(*Stack) error
	// Asks is the registry to ask; empty: all that are well otherwise.
	Asks string
	// Bad are the verdicts that become 0, as "METRIC PROGRAM", without registry_ in front.
	Bad []string
	// Fails are the sources that fail, as "COLLECTOR PROGRAM: REASON".
	Fails []string
	// Flaps are lines of both that come and go.
	Flaps []string
	// Values are other samples that tell of the fault, as METRIC{LABEL="…"} and its value.
	Values map[string]float64
	// AtLeast are samples that must have grown to a value.
	AtLeast map[string]float64
	// Alerts are what reaches people, as "RECEIVER ALERT REGISTRY@SITE"; Silenced is what Prometheus raises besides
	// and an inhibition keeps from them. Maybe is silenced, too, if it is raised at all before the fault is over.
	Alerts, Silenced, Maybe []string
	// Notice is how long the system itself may take until it shows, besides the clocks of probes.
	Notice time.Duration
	// Recover is how long the system itself may take to be well again.
	Recover time.Duration
	// CI says that this one is run by every test run; CIAlerts, that its alerts are then waited for, too.
	CI, CIAlerts bool
}

// Faults are all of them.
var Faults = slices.Concat(sourceFaults, probeFaults, clientFaults)

// sourceFaults are those that each page asks about by itself. "healthy" breaks nothing.
var sourceFaults = []Fault{
	{Name: "healthy", CI: true},

	{
		Name: "swift-proxy-stopped", Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: hubSilenced, Start: stop("swift-proxy-eqiad"), End: start("swift-proxy-eqiad"), CI: true, CIAlerts: true,
		Bad: slices.Concat(hubSwiftBad, []string{"swift_reachable swift-proxy-eqiad", "api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug"}),
		Fails: slices.Concat(hubFails("health_check_failed", "health_check_failed", "refused"), []string{
			"api front-good: health_check_failed", "api registry-checked: health_check_failed", "swift swift-proxy-eqiad: refused",
		}),
		Values: both(pullFails("front-good", "manifest", "health_check_failed"), pushFails("front-good", "start", "health_check_failed"), map[string]float64{
			`registry_health_check_failing{check="storagedriver_swift",kind="storagedriver"}`: 1, `registry_api_status_code{role="front"}`: 503,
		}),
		Notice: 20 * time.Second, Recover: 20 * time.Second,
	},
	{
		Name: "swift-proxy-hung", Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: pause("swift-proxy-eqiad"), End: resume("swift-proxy-eqiad"), CI: true,
		Bad:     slices.Concat(hubSwiftBad, []string{"swift_reachable swift-proxy-eqiad"}),
		Fails:   slices.Concat(hubFails("server_error", "timeout", "timeout"), []string{"swift swift-proxy-eqiad: timeout"}),
		Values:  both(pullFails("registry-checked", "manifest", "timeout"), pushFails("front-good", "start", "server_error")),
		Recover: 20 * time.Second,
	},
	{
		Name: "swift-storage-stopped", Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"}, Maybe: []string{"RegistryDown hub@eqiad", "RegistryHealthCheckFailing hub@eqiad"},
		Start:  stop("swift-object-eqiad", "swift-container-eqiad", "swift-account-eqiad"),
		End:    start("swift-object-eqiad", "swift-container-eqiad", "swift-account-eqiad"),
		Bad:    slices.Concat(hubSwiftBad, []string{"swift_reachable swift-proxy-eqiad"}),
		Fails:  []string{"swift swift-proxy-eqiad: unavailable", "swift_probe swift-proxy-eqiad: unavailable"},
		Flaps:  slices.Concat(hubFails("server_error", "server_error", ""), hubFails("health_check_failed", "health_check_failed", ""), healthCheckTrips),
		Notice: 20 * time.Second, Recover: 90 * time.Second,
	},
	{Name: "swift-key-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-swift-key"}, Asks: "x-swift-key", Bad: []string{"swift_read_success swift-proxy-eqiad", "swift_write_success swift-proxy-eqiad", "swift_reachable swift-proxy-eqiad"}, Fails: []string{"swift_probe swift-proxy-eqiad: unauthorized", "swift swift-proxy-eqiad: unauthorized"}},
	{Name: "swift-container-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-swift-container"}, Asks: "x-swift-container", Bad: []string{"swift_read_success swift-proxy-eqiad", "swift_reachable swift-proxy-eqiad"}, Fails: []string{"swift_probe swift-proxy-eqiad: not_found", "swift swift-proxy-eqiad: not_found"}},
	{
		Name: "keystone-stopped", Alerts: []string{"page RegistryStorageDown keystone"}, Start: stop("keystone"), End: start("keystone"),
		Bad:    []string{"swift_reachable keystone"},
		Fails:  []string{"swift keystone: refused"},
		Notice: 70 * time.Second, Recover: 20 * time.Second,
	},

	{
		Name: "keystone-hung", Alerts: []string{"page RegistryStorageDown keystone"}, Start: pause("keystone"), End: resume("keystone"), Asks: "keystone",
		Bad: []string{"swift_reachable keystone"}, Fails: []string{"swift keystone: timeout"},
		Notice: 90 * time.Second, Recover: 20 * time.Second,
	},
	{
		Name: "keystone-slow", Start: hang("keystone", 2*time.Second), End: resume("keystone"), Asks: "x-slow-login", Recover: 20 * time.Second,
		AtLeast: map[string]float64{`registry_swift_step_seconds{step="auth"}`: 1.5},
	},

	{
		Name: "redis-stopped", Alerts: redisStopped, Silenced: []string{"RegistryDown tcp-check", "RegistryCacheDown tcp-check"}, Start: stop("redis"), End: start("redis"), CI: true,
		Bad: []string{"api_up registry-tcp-check", "health_ok registry-tcp-check-debug", "redis_reachable redis", "redis_reachable redis"},
		Fails: []string{
			"api registry-tcp-check: health_check_failed", "redis redis: refused", "redis redis: refused",
		},
		Values: map[string]float64{`registry_health_check_failing{kind="tcp"}`: 1},
		Notice: 15 * time.Second, Recover: 15 * time.Second,
	},
	{
		Name: "redis-stopped-one-instance-checks-it", Alerts: append([]string{"ticket RegistryInstanceHealthCheckFailing x-two-instances"}, redisStopped...), Silenced: []string{"RegistryDown tcp-check", "RegistryCacheDown tcp-check"}, Start: stop("redis"), End: start("redis"), Asks: "x-two-instances",
		Bad:    []string{"health_ok registry-tcp-check-debug"},
		Values: map[string]float64{`registry_health_check_failing{kind="tcp"}`: 1},
		Notice: 15 * time.Second, Recover: 15 * time.Second,
	},
	{
		Name: "redis-hung", Alerts: []string{"ticket RegistryCacheDown hub@eqiad", "ticket RegistryCacheDown tcp-check"}, Start: pause("redis"), End: resume("redis"),
		Bad:   []string{"redis_reachable redis", "redis_reachable redis"},
		Fails: []string{"redis redis: timeout", "redis redis: timeout"},
	},
	{ // where a busy registry gets to by itself: no more connections are taken, and so the check on the cache fails, too
		Name: "redis-hung-with-a-full-queue", Alerts: redisStopped, Silenced: []string{"RegistryDown tcp-check", "RegistryCacheDown tcp-check"}, Start: inTurn(pause("redis"), (*Stack).queueAtRedis), End: resume("redis"),
		Bad: []string{"api_up registry-tcp-check", "health_ok registry-tcp-check-debug", "redis_reachable redis", "redis_reachable redis"},
		Fails: []string{
			"api registry-tcp-check: health_check_failed", "redis redis: timeout", "redis redis: timeout",
		},
		Values: map[string]float64{`registry_health_check_failing{kind="tcp"}`: 1},
		Notice: 15 * time.Second, Recover: 15 * time.Second,
	},
	{Name: "redis-password-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-redis-password"}, Asks: "x-redis-password", Bad: []string{"redis_reachable redis-acl"}, Fails: []string{"redis redis-acl: unauthorized"}},
	{Name: "redis-password-missing", Alerts: []string{"ticket RegistryExporterCannotLook x-redis-no-password"}, Asks: "x-redis-no-password", Bad: []string{"redis_reachable redis-acl"}, Fails: []string{"redis redis-acl: unauthorized"}},
	{Name: "redis-unknown-ca", Alerts: []string{"ticket RegistryCacheDown x-redis-tls"}, Asks: "x-redis-tls", Bad: []string{"redis_reachable redis-tls"}, Fails: []string{"redis redis-tls: tls_unknown_authority"}},
	{
		Name: "redis-full", Alerts: []string{"ticket RegistryCacheFull token"}, Start: (*Stack).fillRedis, End: (*Stack).emptyRedis, Asks: "token",
		Values: map[string]float64{`registry_redis_info{maxmemory_policy="noeviction"}`: 1},
	},

	{
		Name: "registry-stopped", Alerts: []string{"page RegistryDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: stop("registry-checked"), End: start("registry-checked"), CI: true, CIAlerts: true,
		Bad: slices.Concat(hubBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug"}),
		Fails: slices.Concat(hubFails("server_error", "refused", ""), []string{
			"api front-good: server_error", "api registry-checked: refused", "health registry-checked-debug: refused",
		}),
		Values: both(pullFails("registry-checked", "manifest", "refused"), pushFails("front-good", "start", "server_error"), map[string]float64{`registry_api_status_code{role="front"}`: 502}),
	},
	{
		Name: "registry-hung", Alerts: []string{"page RegistryDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: pause("registry-checked"), End: resume("registry-checked"), CI: true,
		Bad: slices.Concat(hubBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug"}),
		Fails: slices.Concat(hubFails("server_error", "timeout", ""), []string{
			"api front-good: server_error", "api registry-checked: timeout", "health registry-checked-debug: timeout",
		}),
		Values: map[string]float64{`registry_api_status_code{role="front"}`: 504}, Recover: 10 * time.Second,
	},
	{
		Name: "registry-started-while-swift-is-down", Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryDown hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: (*Stack).startRegistryWithoutSwift,
		End: start("swift-proxy-eqiad", "registry-checked"),
		Bad: slices.Concat(hubSwiftBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug", "swift_reachable swift-proxy-eqiad"}),
		Fails: slices.Concat(hubFails("server_error", "refused", "refused"), []string{
			"api front-good: server_error", "api registry-checked: refused", "health registry-checked-debug: refused", "swift swift-proxy-eqiad: refused",
		}),
		Recover: 20 * time.Second,
	},
	{
		Name: "nginx-stopped", Alerts: []string{"page RegistryDown basic", "page RegistryDown basic-anonymous", "page RegistryDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad"}, Start: stop("nginx"), End: start("nginx"), CI: true,
		Bad: []string{"pull_success front-good", "push_success front-good", "api_up front-basic", "api_up front-basic", "api_up front-good"},
		Fails: []string{
			"api front-basic: refused", "api front-basic: refused", "api front-good: refused", "nginx nginx: refused", "pull front-good: refused", "push front-good: refused",
		},
	},

	{Name: "certificate-expired", Alerts: []string{"page RegistryCertificateEnded x-expired"}, Silenced: []string{"RegistryDown x-expired"}, Asks: "x-expired", Bad: []string{"api_up front-expired", "tls_verified front-expired"}, Fails: []string{"api front-expired: tls_expired"}, Values: untrusted},
	{Name: "certificate-expired-at-a-passive-site", Alerts: []string{"ticket RegistryPassiveSiteCertificateBad x-passive"}, Silenced: []string{"RegistryPassiveSiteDown x-passive"}, Asks: "x-passive", Bad: []string{"api_up front-expired", "tls_verified front-expired"}, Fails: []string{"api front-expired: tls_expired"}, Values: untrusted, CI: true, CIAlerts: true},
	{Name: "certificate-wrong-name", Alerts: []string{"page RegistryCertificateNotTrusted x-wrong-name"}, Silenced: []string{"RegistryDown x-wrong-name"}, Asks: "x-wrong-name", Bad: []string{"api_up front-wrong-name", "tls_verified front-wrong-name"}, Fails: []string{"api front-wrong-name: tls_hostname"}, Values: untrusted},
	{Name: "certificate-without-ip", Alerts: []string{"page RegistryCertificateNotTrusted x-no-ip-san"}, Silenced: []string{"RegistryDown x-no-ip-san"}, Asks: "x-no-ip-san", Bad: []string{"api_up front-no-ip-san", "tls_verified front-no-ip-san"}, Fails: []string{"api front-no-ip-san: tls_no_ip_san"}, Values: untrusted},
	{Name: "certificate-unknown-ca", Alerts: []string{"page RegistryCertificateNotTrusted x-unknown-ca"}, Silenced: []string{"RegistryDown x-unknown-ca"}, Asks: "x-unknown-ca", Bad: []string{"api_up front-unknown-ca", "tls_verified front-unknown-ca"}, Fails: []string{"api front-unknown-ca: tls_unknown_authority"}, Values: untrusted},
	{Name: "http-on-tls-port", Alerts: []string{"page RegistryDown x-http-on-tls"}, Asks: "x-http-on-tls", Bad: []string{"api_up front-good"}, Fails: []string{"api front-good: http_on_https"}},
	{Name: "tls-on-http-port", Alerts: []string{"page RegistryDown x-tls-on-http"}, Asks: "x-tls-on-http", Bad: []string{"api_up registry-unchecked"}, Fails: []string{"api registry-unchecked: https_on_http"}},
	{Name: "no-such-host", Alerts: []string{"page RegistryDown x-no-such-host"}, Asks: "x-no-such-host", Bad: []string{"api_up registry.invalid:443"}, Fails: []string{"api registry.invalid:443: dns"}},

	{Name: "no-credentials", Asks: "basic-anonymous", Values: map[string]float64{`registry_api_auth{scheme="basic"}`: 1, `registry_api_up{role="front"}`: 1}},
	{Name: "credentials-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-basic"}, Asks: "x-basic", Bad: []string{"pull_success front-basic", "push_success front-basic", "api_authorized front-basic"}, Fails: []string{"pull front-basic: unauthorized", "push front-basic: unauthorized", "api front-basic: unauthorized"}, Values: both(pullFails("front-basic", "auth", "unauthorized"), pushFails("front-basic", "auth", "unauthorized"), map[string]float64{`registry_api_up{role="front"}`: 1}), CI: true},
	{Name: "token-credentials-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-token"}, Asks: "x-token", Bad: []string{"pull_success registry-token", "push_success registry-token", "api_authorized registry-token"}, Fails: []string{"pull registry-token: unauthorized", "push registry-token: unauthorized", "api registry-token: unauthorized"}, Values: both(pullFails("registry-token", "auth", "unauthorized"), pushFails("registry-token", "auth", "unauthorized"))},
	{Name: "token-without-rights", Alerts: []string{"ticket RegistryExporterCannotLook x-token-rights"}, Asks: "x-token-rights", Bad: []string{"pull_success registry-token", "push_success registry-token", "api_authorized registry-token"}, Fails: []string{"pull registry-token: unauthorized", "push registry-token: unauthorized", "api registry-token: unauthorized"}},

	{
		Name: "msr-replica-refuses", Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("replica-refuses"), End: msrOff("replica-refuses"), Asks: "msr",
		Bad: []string{"msr_ping_healthy msr-2"}, Fails: []string{"msr msr-2: refused", "nginx msr-2: refused", "ping msr-2: refused"},
	},
	{
		Name: "msr-replica-hung", Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("replica-hangs"), End: msrOff("replica-hangs"), Asks: "msr", CI: true,
		Bad: []string{"msr_ping_healthy msr-3"}, Fails: []string{"msr msr-3: timeout", "nginx msr-3: timeout", "ping msr-3: timeout"},
		Notice: scrapeTimeout, // the first page may share a read with Prometheus that began before
	},
	msrPing("registry"), msrPing("auth"), msrPing("metadata"), msrPing("trust"),
	{
		Name: "msr-server-killed", Alerts: lostServer, Silenced: lostWithIt, Start: msrOn("one-server-killed"), End: msrOff("one-server-killed"), Asks: "msr",
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0, `registry_msr_current_issues{type="table_availability",critical="false"}`: 28},
	},
	{
		Name: "msr-server-just-killed", Start: msrOn("one-server-just-killed"), End: msrOff("one-server-just-killed"), Asks: "msr",
		Alerts: lostServer, Silenced: lostWithIt,
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0},
	},
	{
		Name: "msr-server-long-killed", Start: msrOn("one-server-long-killed"), End: msrOff("one-server-long-killed"), Asks: "msr",
		Alerts: lostServer, Silenced: lostWithIt,
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_f2277ad178f7"}`: 0, `registry_msr_current_issues{type="table_availability",critical="false"}`: 28},
	},
	{
		Name: "msr-server-hung", Alerts: []string{"ticket MSRClusterStatusFails msr"}, Start: msrOn("one-server-hung"), End: msrOff("one-server-hung"), Asks: "msr",
		Fails: []string{"msr msr-1: timeout", "msr msr-2: timeout", "msr msr-3: timeout"},
	},
	{
		Name: "msr-majority-lost", Alerts: []string{"page MSRMajorityLost msr"}, Silenced: []string{"MSRNoSpareReplica msr", "MSRReplicaUnhealthy msr", "MSRTablesNotReady msr", "MSRCriticalIssues msr", "MSRIssues msr"}, Start: msrOn("majority-lost"), End: msrOff("majority-lost"), Asks: "msr", CI: true, CIAlerts: true,
		Values: map[string]float64{`registry_msr_current_issues{type="table_availability",critical="true"}`: 28},
	},
	{
		Name: "msr-views-differ", Alerts: []string{"ticket MSRViewsDiffer msr"}, Silenced: append([]string{"MSRNoSpareReplica msr"}, lostWithIt...), Start: msrOn("views-differ"), End: msrOff("views-differ"), Asks: "msr",
		Values: map[string]float64{`registry_msr_server_up{server="dtr_rethinkdb_56b65e8c1404",address="msr-2"}`: 0, `registry_msr_server_up{server="dtr_rethinkdb_56b65e8c1404",address="msr-1"}`: 1},
	},
	{
		// Some tables take no writes: a page when it stays so for longer than a server takes that comes back.
		Name: "msr-backfilling", Alerts: []string{"page MSRMajorityLost msr"}, Silenced: []string{"MSRNoSpareReplica msr", "MSRTablesNotReady msr"}, Start: msrOn("backfilling"), End: msrOff("backfilling"), Asks: "msr",
		Values: map[string]float64{`registry_msr_current_issues{type="table_availability",critical="true"}`: 0},
	},
	msrStatus("401", "unauthorized", "RegistryExporterCannotLook"),
	msrStatus("503", "unavailable", "MSRClusterStatusFails"), msrStatus("html", "bad_answer", "MSRClusterStatusFails"),

	{
		Name: "everything-stopped", Alerts: []string{"page RegistryStorageDown hub@eqiad", "ticket RegistryCacheDown hub@eqiad", "page RegistryStorageDown hub@codfw", "page RegistryDown tcp-check", "ticket RegistryCacheDown tcp-check", "page RegistryStorageDown keystone", "page RegistryDown basic", "ticket RegistryCacheDown basic", "page RegistryDown basic-anonymous", "ticket RegistryCacheDown basic-anonymous", "page RegistryDown token", "ticket RegistryCacheDown token"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryPullFails token", "RegistryDown hub@eqiad", "RegistryBackendDown hub@eqiad", "RegistryPassiveSiteDown hub@codfw", "RegistryDown keystone"},
		Start: stop("swift-proxy-eqiad", "swift-proxy-codfw", "swift-proxy-keystone", "keystone", "redis", "redis-acl", "redis-small", "redis-tls", "nginx",
			"registry-checked", "registry-tcp-check", "registry-unchecked", "registry-token"),
		End: func(s *Stack) error {
			if err := start("swift-proxy-eqiad", "swift-proxy-codfw", "swift-proxy-keystone", "keystone", "redis", "redis-acl", "redis-small", "redis-tls", "nginx")(s); err != nil {
				return err
			}
			return s.startAll()
		},
		Asks: "hub@eqiad",
		Bad:  slices.Concat(hubSwiftBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug", "redis_reachable redis", "swift_reachable swift-proxy-eqiad"}),
		Fails: slices.Concat(hubFails("refused", "refused", "refused"), []string{
			"api front-good: refused", "api registry-checked: refused", "health registry-checked-debug: refused",
			"nginx nginx: refused", "redis redis: refused", "swift swift-proxy-eqiad: refused",
		}),
		Recover: 60 * time.Second,
	},
}

// healthCheckTrips is what the registry says with its own health check, which is fooled now and then: with its servers down,
// Swift's proxy answers from a cache that there is no container, and the registry takes that for an empty one.
var healthCheckTrips = []string{
	"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug",
	"api front-good: health_check_failed", "api registry-checked: health_check_failed",
}

// redisStopped is what a stopped Redis is told as: who only caches in it is slower, who checks it does not serve.
var redisStopped = []string{"page RegistryCacheStopsRegistry tcp-check", "ticket RegistryCacheDown hub@eqiad"}

// lostServer is what a lost RethinkDB server of three is told as, and lostWithIt what follows from that.
var (
	lostServer = []string{"ticket MSRNoSpareReplica msr"}
	lostWithIt = []string{"MSRReplicaUnhealthy msr", "MSRTablesNotReady msr", "MSRIssues msr"}
)

// untrusted is the certificate's part of the page when it is refused.
var untrusted = map[string]float64{`registry_tls_verified{role="front"}`: 0}

func msrPing(part string) Fault {
	return Fault{
		Name: "msr-ping-" + part, Alerts: []string{"ticket MSRPingUnhealthy msr"}, Start: msrOn("ping-" + part), End: msrOff("ping-" + part), Asks: "msr",
		Bad:    []string{"msr_ping_healthy msr-1"},
		Values: map[string]float64{fmt.Sprintf("registry_msr_ping_component_failing{component=%q}", part): 1},
	}
}

func msrStatus(name, reason, alert string) Fault {
	return Fault{
		Name: "msr-cluster-status-" + name, Alerts: []string{"ticket " + alert + " msr"}, Start: msrOn("cluster-status-" + name), End: msrOff("cluster-status-" + name), Asks: "msr",
		Fails: []string{"msr msr-1: " + reason, "msr msr-2: " + reason, "msr msr-3: " + reason},
	}
}

func msrOn(fault string) func(*Stack) error {
	return func(s *Stack) error { return s.msr.Faults.Set(fault, true) }
}

func msrOff(fault string) func(*Stack) error {
	return func(s *Stack) error { return s.msr.Faults.Set(fault, false) }
}

func stop(names ...string) func(*Stack) error {
	return func(s *Stack) error {
		for _, n := range names {
			s.processes[n].stop()
		}
		return nil
	}
}

func start(names ...string) func(*Stack) error {
	return func(s *Stack) error {
		for _, n := range names {
			if err := s.processes[n].start(); err != nil {
				return err
			}
		}
		return nil
	}
}

// pause makes a program hang: the kernel accepts connections for it, and nobody answers.
func pause(name string) func(*Stack) error {
	return func(s *Stack) error { s.processes[name].signal(syscall.SIGSTOP); return nil }
}

// hang makes a program hang for a while.
func hang(name string, d time.Duration) func(*Stack) error {
	return func(s *Stack) error {
		time.AfterFunc(d, func() { s.processes[name].signal(syscall.SIGCONT) })
		return pause(name)(s)
	}
}

func resume(name string) func(*Stack) error {
	return func(s *Stack) error { s.processes[name].signal(syscall.SIGCONT); return nil }
}

// startRegistryWithoutSwift shows that the registry gives up at its start when its store is not there.
func (s *Stack) startRegistryWithoutSwift() error {
	registry := s.processes["registry-checked"]
	registry.stop()
	s.processes["swift-proxy-eqiad"].stop()
	if err := registry.start(); err == nil {
		return fmt.Errorf("the registry runs without its store")
	}
	registry.cmd = nil
	return os.Remove(registry.logFile())
}
