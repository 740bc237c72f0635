package e2e

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// sourceFaults show on the first page, since each scrape asks the part that is broken. "healthy" breaks nothing.
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
	{ // a busy registry fills the queue by itself: no more connections are taken, and so the check on the cache fails, too
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
			"api front-good: server_error", "api registry-checked: refused", "debug registry-checked-debug: refused", "health registry-checked-debug: refused",
		}),
		Values: both(pullFails("registry-checked", "manifest", "refused"), pushFails("front-good", "start", "server_error"), map[string]float64{`registry_api_status_code{role="front"}`: 502}),
	},
	{
		Name: "registry-hung", Alerts: []string{"page RegistryDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: pause("registry-checked"), End: resume("registry-checked"), CI: true,
		Bad: slices.Concat(hubBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug"}),
		Fails: slices.Concat(hubFails("server_error", "timeout", ""), []string{
			"api front-good: server_error", "api registry-checked: timeout", "debug registry-checked-debug: timeout", "health registry-checked-debug: timeout",
		}),
		Values: map[string]float64{`registry_api_status_code{role="front"}`: 504}, Recover: 10 * time.Second,
	},
	{
		Name: "registry-started-while-swift-is-down", Alerts: []string{"page RegistryStorageDown hub@eqiad"}, Silenced: []string{"RegistryPullFails hub@eqiad", "RegistryDown hub@eqiad", "RegistryBackendDown hub@eqiad"}, Start: (*Stack).startRegistryWithoutSwift,
		End: start("swift-proxy-eqiad", "registry-checked"),
		Bad: slices.Concat(hubSwiftBad, []string{"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug", "swift_reachable swift-proxy-eqiad"}),
		Fails: slices.Concat(hubFails("server_error", "refused", "refused"), []string{
			"api front-good: server_error", "api registry-checked: refused", "debug registry-checked-debug: refused", "health registry-checked-debug: refused", "swift swift-proxy-eqiad: refused",
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

	{Name: "no-credentials", Asks: "basic-anonymous", Values: map[string]float64{`registry_api_auth{scheme="basic"}`: 1, `registry_api_up{role="front"}`: 1}},
	{Name: "credentials-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-basic"}, Asks: "x-basic", Bad: []string{"pull_success front-basic", "push_success front-basic", "api_authorized front-basic"}, Fails: []string{"pull front-basic: unauthorized", "push front-basic: unauthorized", "api front-basic: unauthorized"}, Values: both(pullFails("front-basic", "auth", "unauthorized"), pushFails("front-basic", "auth", "unauthorized"), map[string]float64{`registry_api_up{role="front"}`: 1}), CI: true},
	{Name: "token-credentials-wrong", Alerts: []string{"ticket RegistryExporterCannotLook x-token"}, Asks: "x-token", Bad: []string{"pull_success registry-token", "push_success registry-token", "api_authorized registry-token"}, Fails: []string{"pull registry-token: unauthorized", "push registry-token: unauthorized", "api registry-token: unauthorized"}, Values: both(pullFails("registry-token", "auth", "unauthorized"), pushFails("registry-token", "auth", "unauthorized"))},
	{Name: "token-without-rights", Alerts: []string{"ticket RegistryExporterCannotLook x-token-rights"}, Asks: "x-token-rights", Bad: []string{"pull_success registry-token", "push_success registry-token", "api_authorized registry-token"}, Fails: []string{"pull registry-token: unauthorized", "push registry-token: unauthorized", "api registry-token: unauthorized"}},
}

// everythingStopped stops all programs but those of the MSR.
var everythingStopped = Fault{
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
		"api front-good: refused", "api registry-checked: refused", "debug registry-checked-debug: refused", "health registry-checked-debug: refused",
		"nginx nginx: refused", "redis redis: refused", "swift swift-proxy-eqiad: refused",
	}),
	Recover: 60 * time.Second,
}

// healthCheckTrips has the lines that come while the registry's own health check fails. It passes now and then: with its servers down,
// Swift's proxy answers from a cache that there is no container, and the registry takes this for an empty one.
var healthCheckTrips = []string{
	"api_up front-good", "api_up registry-checked", "health_ok registry-checked-debug",
	"api front-good: health_check_failed", "api registry-checked: health_check_failed",
}

// redisStopped has the alerts of a stopped Redis: a registry that only caches in it is slower, one that checks it does not serve.
var redisStopped = []string{"page RegistryCacheStopsRegistry tcp-check", "ticket RegistryCacheDown hub@eqiad"}

// startRegistryWithoutSwift returns nil when the registry ends at its start, since its store is not there.
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
