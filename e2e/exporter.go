package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrapeTimeout is the timeout that the tests announce to the exporter, as Prometheus does.
const scrapeTimeout = 5 * time.Second

// configuration describes the stack. A registry whose name begins with "x-" is set up wrong on purpose: it belongs to one
// row of the table of faults, and only that row scrapes it.
const configuration = `registries:
- name: hub
  site: eqiad
  url: https://localhost:{front-good}
  backends: ["http://127.0.0.1:{registry-checked}"]
  http: &ca {tls_config: {ca_file: ca.crt}}
  tls: {names: [localhost, 127.0.0.1]}
  nginx: {urls: ["http://127.0.0.1:{nginx}/nginx_status"]}
  debug: {urls: ["http://127.0.0.1:{registry-checked-debug}"]}
  swift: &eqiad {auth_url: "http://127.0.0.1:{swift-proxy-eqiad}/auth/v1.0", username: "docker:registry", key: {swift-key}, container: registry, probe: {every: 4s, container: monitoring}}
  redis: {addr: "127.0.0.1:{redis}"}
  pull: {images: ["library/base:1.0"], every: 6s, reread_after: 3s, backends: true} # nginx waits 2 s for an answer, and is asked twice
  push: {repository: monitoring/canary, every: 8s}
  access_log: {paths: [` + frontLogName + `], format: '` + frontLogFormat + `'}
- name: hub
  site: codfw
  passive: true
  url: http://127.0.0.1:{registry-unchecked}
  debug: {urls: ["http://127.0.0.1:{registry-unchecked-debug}"]}
  swift: &codfw {auth_url: "http://127.0.0.1:{swift-proxy-codfw}/auth/v1.0", username: "docker:registry", key: {swift-key}, container: registry}
- name: tcp-check
  url: http://127.0.0.1:{registry-tcp-check}
  debug: {urls: ["http://127.0.0.1:{registry-tcp-check-debug}"]}
  redis: {addr: "127.0.0.1:{redis}"}
- name: keystone
  url: http://127.0.0.1:{registry-unchecked}
  swift: {auth_url: "http://127.0.0.1:{keystone}/v3", auth_version: 3, username: registry, key: {keystone-key}, tenant: docker, domain: Default, region: eqiad, container: docker}
- name: basic
  url: https://localhost:{front-basic}
  http: {tls_config: {ca_file: ca.crt}, basic_auth: {username: alice, password: {password}}}
  redis: {addr: "127.0.0.1:{redis-acl}", username: mon, password: {redis-password}}
- name: basic-anonymous
  url: https://localhost:{front-basic}
  http: *ca
  redis: {addr: "127.0.0.1:{redis-tls}", tls_config: {ca_file: ca.crt}}
- name: token
  url: http://127.0.0.1:{registry-token}
  http: {basic_auth: {username: alice, password: {password}}}
  redis: {addr: "127.0.0.1:{redis-small}"}
  pull: &pull {images: ["library/base:1.0"], every: 3s, reread_after: 3s}
  push: &push {repository: monitoring/canary, every: 3s}
- name: content
  url: http://127.0.0.1:{registry-content}
  pull: {<<: *pull, images: ["library/base:1.0", "library/multi:1.0"]}
  push: *push
- name: pair
  url: http://127.0.0.1:{front-pair}
  backends: ["http://127.0.0.1:{registry-pair-a}", "http://127.0.0.1:{registry-pair-b}"]
  pull: &all {<<: *pull, backends: true}
  push: *push
- name: cached
  url: http://127.0.0.1:{front-cached}
  backends: ["http://127.0.0.1:{registry-pair-a}"]
  pull: *all
  access_log: {paths: [` + cachedLogName + `], format: '` + cachedLogFormat + `'}

- {name: x-swift-key, url: "http://127.0.0.1:{registry-unchecked}", swift: {<<: *eqiad, key: not-the-key-of-swift}}
- {name: x-swift-container, url: "http://127.0.0.1:{registry-unchecked}", swift: {<<: *eqiad, container: another}}
- {name: x-redis-password, url: "http://127.0.0.1:{registry-unchecked}", redis: {addr: "127.0.0.1:{redis-acl}", username: mon, password: not-the-password}}
- {name: x-redis-no-password, url: "http://127.0.0.1:{registry-unchecked}", redis: {addr: "127.0.0.1:{redis-acl}"}}
- {name: x-redis-tls, url: "http://127.0.0.1:{registry-unchecked}", redis: {addr: "127.0.0.1:{redis-tls}", tls_config: {}}}
- {name: x-basic, url: "https://localhost:{front-basic}", http: {tls_config: {ca_file: ca.crt}, basic_auth: {username: alice, password: not-the-password-of-alice}}, pull: *pull, push: *push}
- {name: x-token, url: "http://127.0.0.1:{registry-token}", http: {basic_auth: {username: alice, password: not-the-password-of-alice}}, pull: *pull, push: *push}
- {name: x-token-rights, url: "http://127.0.0.1:{registry-token}", http: {basic_auth: {username: nobody, password: password-of-nobody}}, pull: *pull, push: *push}
- {name: x-token-guest, url: "http://127.0.0.1:{registry-token}", http: {basic_auth: {username: guest, password: password-of-guest}}, pull: *pull, push: *push}
- {name: x-token-reader, url: "http://127.0.0.1:{registry-token}", http: {basic_auth: {username: reader, password: password-of-reader}}, pull: *pull, push: *push}
- {name: x-cached-manifests, url: "http://127.0.0.1:{front-manifests}", pull: *pull}
- {name: x-takes-writes, passive: true, url: "http://127.0.0.1:{registry-content}", push: *push}
- {name: x-redirects, url: "http://127.0.0.1:{registry-redirects}", pull: {<<: *pull, every: 20s}, push: {<<: *push, every: 20s}}
- {name: x-collected, url: "http://127.0.0.1:{registry-collected}", push: {<<: *push, every: 10s, mode: image, size: 1100KiB}}
- {name: x-cache, cache: true, url: "http://127.0.0.1:{registry-cache}", pull: {<<: *pull, every: 10s}}
- {name: x-without-proto, url: "https://localhost:{front-without-proto}", http: *ca, push: {<<: *push, every: 10s}}
- {name: x-limits-bodies, url: "http://127.0.0.1:{front-limits-bodies}", push: {<<: *push, every: 10s, mode: image, size: 1100KiB}}
- {name: x-without-patch, url: "http://127.0.0.1:{front-without-patch}", push: {<<: *push, every: 10s}}
- {name: x-without-head, url: "http://127.0.0.1:{front-without-head}", pull: {<<: *pull, every: 10s}, push: {<<: *push, every: 10s}}
- {name: x-mirror, site: eqiad, url: "http://127.0.0.1:{registry-tcp-check}", replication: {canary: monitoring/replication, every: 20s}, swift: {<<: *eqiad, count: {prefixes: [files/, segments/], every: 10s}}}
- {name: x-mirror, site: codfw, url: "http://127.0.0.1:{registry-unchecked}", swift: {<<: *codfw, count: {prefixes: [files/, segments/], every: 10s}}}
- {name: x-copied, site: eqiad, url: "http://127.0.0.1:{registry-content}", replication: {canary: monitoring/copied, every: 10s}}
- {name: x-copied, site: codfw, url: "http://127.0.0.1:{registry-pair-a}"}
- {name: x-expired, url: "https://localhost:{front-expired}", http: *ca}
- {name: x-passive, passive: true, url: "https://localhost:{front-expired}", http: *ca}
- {name: x-wrong-name, url: "https://localhost:{front-wrong-name}", http: *ca}
- {name: x-no-ip-san, url: "https://127.0.0.1:{front-no-ip-san}", http: *ca}
- {name: x-unknown-ca, url: "https://localhost:{front-unknown-ca}", http: *ca}
- {name: x-two-instances, url: "http://127.0.0.1:{registry-unchecked}", debug: {urls: ["http://127.0.0.1:{registry-tcp-check-debug}"]}}
- {name: x-http-on-tls, url: "http://127.0.0.1:{front-good}"}
- {name: x-tls-on-http, url: "https://127.0.0.1:{registry-unchecked}", http: *ca}
- {name: x-slow-login, url: "http://127.0.0.1:{registry-unchecked}", swift: {auth_url: "http://127.0.0.1:{keystone}/v3", auth_version: 3, username: registry, key: {keystone-key}, tenant: docker, domain: Default, region: eqiad, container: docker}}
- {name: x-no-such-host, url: "https://registry.invalid", http: *ca}
`

// secretsInUse must not be on any page or in any log of the exporter.
var secretsInUse = []string{
	swiftKey, swiftSyncKey, tempURLKey, registryPassword, redisPassword, redisRequirePass, keystoneUserPassword, keystoneAdminPassword, keystoneServicePassword,
	"not-the-key-of-swift", "not-the-password", "password-of-nobody", "password-of-guest", "password-of-reader",
}

// addExporter describes the exporter with the configuration above, and with the stand-in of an MSR.
func (s *Stack) addExporter(binary string) error {
	text := asked(configuration, s.faults)
	for name, value := range map[string]string{
		"swift-key": swiftKey, "keystone-key": keystoneUserPassword, "password": registryPassword, "redis-password": redisPassword,
	} {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	for _, name := range slices.Sorted(maps.Keys(s.ports)) {
		text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(s.ports[name]))
	}
	file, err := s.file("registry_exporter.yml", text+s.msrConfiguration())
	if err != nil {
		return err
	}
	s.add("exporter", binary, "--config.file="+file, "--web.listen-address="+address(s.port("exporter")), "--web.min-age=0s", "--log.level=debug", "--no-web.metrics-registries",
		"--state.dir="+filepath.Join(s.dir, "state"))
	return nil
}

// asked leaves out of the configuration the registries of clientFaults that are not in faults. Their probes push and pull
// real images all the time, and keep a machine of two cores busy.
func asked(configuration string, faults []Fault) string {
	unasked := map[string]bool{}
	for _, f := range clientFaults {
		name, _, _ := strings.Cut(f.Asks, "@")
		unasked[name] = !slices.ContainsFunc(faults, func(made Fault) bool { return made.Asks == f.Asks })
	}
	lines := slices.DeleteFunc(strings.Split(configuration, "\n"), func(line string) bool {
		rest, isOne := strings.CutPrefix(line, "- {name: ")
		name, _, _ := strings.Cut(rest, ",")
		return isOne && unasked[name]
	})
	return strings.Join(lines, "\n")
}

// A page is the answer to one scrape.
type page struct {
	took     time.Duration
	families map[string]*dto.MetricFamily
}

// probe scrapes one registry, named as NAME or NAME@SITE.
func (s *Stack) probe(instance string, timeout time.Duration) (*page, error) {
	name, site, _ := strings.Cut(instance, "@")
	q := url.Values{"registry": {name}}
	if site != "" {
		q.Set("site", site)
	}
	return s.scrape("/probe?"+q.Encode(), timeout)
}

// scrape asks the exporter as a Prometheus with this scrape_timeout does.
func (s *Stack) scrape(path string, timeout time.Duration) (*page, error) {
	start := time.Now()
	text, err := s.get(path, timeout)
	if err != nil {
		return nil, err
	}
	p := &page{took: time.Since(start)}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	p.families, err = parser.TextToMetricFamilies(bytes.NewReader(text))
	return p, err
}

// get reads a page of the exporter. It is an error when the page has a secret.
func (s *Stack) get(path string, timeout time.Duration) ([]byte, error) {
	header := http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {fmt.Sprint(timeout.Seconds())}}
	resp, err := get("http://"+address(s.port("exporter"))+path, header)
	switch {
	case err != nil:
		return nil, err
	case resp.status != http.StatusOK:
		return nil, fmt.Errorf("%s: status %d: %s", path, resp.status, resp.body)
	}
	if found := secretIn(string(resp.body)); found != "" {
		return nil, fmt.Errorf("the page %s holds a secret: %s", path, found)
	}
	return resp.body, nil
}

// secretIn names the secret that the text has by its number, without showing it; empty when the text has none.
func secretIn(text string) string {
	for i, secret := range secretsInUse {
		if strings.Contains(text, secret) {
			return fmt.Sprintf("number %d of those in use", i+1)
		}
	}
	return ""
}

// label returns the value of a label of a sample.
func label(m *dto.Metric, name string) string {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// failures returns the sources that fail, each as "COLLECTOR PROGRAM: REASON".
func (s *Stack) failures(p *page) []string {
	var found []string
	if f := p.families["registry_collector_failure"]; f != nil {
		for _, m := range f.Metric {
			found = append(found, fmt.Sprintf("%s %s: %s", label(m, "collector"), s.program(label(m, "address")), label(m, "reason")))
		}
	}
	slices.Sort(found)
	return found
}

// verdicts are metrics of 0 and 1 that healthy pages have too.
var verdicts = []string{
	"registry_api_up", "registry_api_authorized", "registry_health_ok", "registry_msr_ping_healthy", "registry_pull_success", "registry_push_success",
	"registry_redis_reachable", "registry_swift_reachable", "registry_swift_read_success", "registry_swift_write_success",
	"registry_tls_name_covered", "registry_tls_verified",
}

// bad returns the verdicts that are 0, each as "METRIC PROGRAM".
func (s *Stack) bad(p *page) []string {
	var found []string
	for _, name := range verdicts {
		f := p.families[name]
		if f == nil {
			continue
		}
		for _, m := range f.Metric {
			if m.GetGauge().GetValue() != 1 {
				found = append(found, strings.TrimPrefix(name, "registry_")+" "+s.program(label(m, "address")))
			}
		}
	}
	slices.Sort(found)
	return found
}

// program returns the name of the program at an address.
func (s *Stack) program(address string) string {
	for name, port := range s.ports {
		if strings.HasSuffix(address, fmt.Sprintf(":%d", port)) {
			return name
		}
	}
	return address
}

// value returns the value of the first sample that a selector such as METRIC{LABEL="VALUE",…} finds. In the selector, the
// label address has the name of a program.
func (s *Stack) value(pages []*page, selector string) (float64, bool) {
	name, rest, _ := strings.Cut(selector, "{")
	for _, p := range pages {
		family := p.families[name]
		if family == nil {
			continue
		}
		for _, m := range family.Metric {
			matches := true
			for pair := range strings.SplitSeq(strings.TrimSuffix(rest, "}"), ",") {
				key, want, _ := strings.Cut(pair, "=")
				got := label(m, key)
				if key == "address" {
					got = s.program(got)
				}
				matches = matches && got == strings.Trim(want, `"`)
			}
			if matches {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
	}
	return 0, false
}
