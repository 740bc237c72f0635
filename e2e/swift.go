package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Accounts of tempauth, the container that both sites keep equal, and the container of the probe.
const (
	swiftUser      = "docker:registry"
	swiftKey       = "swift-key-of-the-registry"
	swiftContainer = "registry"
	swiftSyncKey   = "key-between-the-sites"
	probeContainer = "monitoring"

	redirectContainer = "redirected" // of the registry that redirects to Swift
	tempURLKey        = "key-of-its-redirects"
)

const proxyConf = `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = %[1]d
workers = 0
user = root
swift_dir = %[2]s
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats container_sync bulk tempurl %[3]s copy container_quotas slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = %[4]s
[filter:container_sync]
use = egg:swift#container_sync
current = //e2e/%[5]s
[filter:tempauth]
use = egg:swift#tempauth
user_docker_registry = %[6]s .admin
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = http://%[7]s/v3
auth_url = http://%[7]s/v3
auth_type = password
username = swift
password = %[8]s
project_name = service
user_domain_id = default
project_domain_id = default
delay_auth_decision = true
memcached_servers = %[4]s
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin
%[9]s`

const serverConf = `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = %[1]d
workers = 0
user = root
swift_dir = %[2]s
devices = %[2]s/devices
mount_check = false
disable_fallocate = true
recon_cache_path = %[2]s/cache
recon_lock_path = %[2]s/lock
[pipeline:main]
pipeline = healthcheck %[3]s-server
[app:%[3]s-server]
use = egg:swift#%[3]s
[filter:healthcheck]
use = egg:swift#healthcheck
[%[3]s-replicator]
[%[3]s-auditor]
[%[3]s-updater]
[container-sync]
interval = 5
container_time = 60
internal_client_conf_path = %[2]s/internal-client.conf
`

const internalClientConf = `[DEFAULT]
swift_dir = %s
[pipeline:main]
pipeline = catch_errors cache symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = %s
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:symlink]
use = egg:swift#symlink
`

const syncRealmsConf = `[DEFAULT]
mtime_check_interval = 30
[e2e]
key = %s
cluster_eqiad = http://%s/v1/
cluster_codfw = http://%s/v1/
`

// simpleFilters has the filters that need no settings.
func simpleFilters() string {
	var b strings.Builder
	for _, f := range []string{"catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "tempurl", "copy", "container_quotas", "slo", "dlo", "versioned_writes", "symlink"} {
		fmt.Fprintf(&b, "[filter:%s]\nuse = egg:swift#%s\n", f, f)
	}
	return b.String()
}

// addSwift describes the Swift of one site: a proxy, one server of each kind, and the daemons that keep the sites equal.
func (s *Stack) addSwift(site string) error {
	dir := filepath.Join(s.dir, "swift-"+site)
	for _, sub := range []string{"devices/d1", "cache", "lock"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	memcached := address(s.port("memcached-" + site))
	s.add("memcached-"+site, "memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", fmt.Sprint(s.port("memcached-"+site)), "-m", "32")
	for _, kind := range []string{"account", "container", "object"} {
		name := "swift-" + kind + "-" + site
		conf := filepath.Join(dir, kind+"-server.conf")
		if err := os.WriteFile(conf, fmt.Appendf(nil, serverConf, s.port(name), dir, kind), 0o644); err != nil {
			return err
		}
		s.add(name, "swift-"+kind+"-server", conf)
		if err := makeRing(dir, kind, s.port(name)); err != nil {
			return err
		}
	}
	for file, text := range map[string]string{
		"proxy-server.conf":          s.proxyConf(site, "swift-proxy-"+site, "tempauth", memcached),
		"internal-client.conf":       fmt.Sprintf(internalClientConf, dir, memcached),
		"container-sync-realms.conf": fmt.Sprintf(syncRealmsConf, swiftSyncKey, address(s.port("swift-proxy-eqiad")), address(s.port("swift-proxy-codfw"))),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	s.add("swift-proxy-"+site, "swift-proxy-server", filepath.Join(dir, "proxy-server.conf"))
	s.addDaemon("swift-sync-"+site, "swift-container-sync", filepath.Join(dir, "container-server.conf"))
	return nil
}

func (s *Stack) proxyConf(site, name, auth, memcached string) string {
	return fmt.Sprintf(proxyConf, s.port(name), filepath.Join(s.dir, "swift-"+site), auth, memcached, site,
		swiftKey, address(s.port("keystone")), keystoneServicePassword, simpleFilters())
}

func makeRing(dir, kind string, port int) error {
	for _, args := range [][]string{
		{"create", "4", "1", "1"},
		{"add", "--region", "1", "--zone", "1", "--ip", "127.0.0.1", "--port", fmt.Sprint(port), "--device", "d1", "--weight", "100"},
		{"rebalance"},
	} {
		cmd := exec.Command("swift-ring-builder", append([]string{kind + ".builder"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil && args[0] != "rebalance" { // which warns with exit code 1
			return fmt.Errorf("making the %s ring: %w\n%s", kind, err, out)
		}
	}
	return nil
}

// makeContainers creates the container on both sites and has Swift keep them equal. It also creates the container of the
// probe, which is not replicated.
func (s *Stack) makeContainers() error {
	sites := map[string]string{"eqiad": "codfw", "codfw": "eqiad"}
	for site, other := range sites {
		if err := s.swift(site, "post", "-H", "X-Container-Sync-To: //e2e/"+other+"/AUTH_docker/"+swiftContainer,
			"-H", "X-Container-Sync-Key: "+swiftSyncKey, swiftContainer); err != nil {
			return err
		}
		if err := s.swift(site, "post", probeContainer); err != nil {
			return err
		}
	}
	return nil
}

// swift runs Swift's own client at a site, with the account of the registry.
func (s *Stack) swift(site string, args ...string) error {
	cmd := exec.Command("swift", append([]string{"-A", s.authURL(site), "-U", swiftUser, "-K", swiftKey}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("swift %s at %s: %w\n%s", args[0], site, err, out)
	}
	return nil
}

func (s *Stack) authURL(site string) string {
	return "http://" + address(s.port("swift-proxy-"+site)) + "/auth/v1.0"
}
