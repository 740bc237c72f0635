package collector

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

func TestWhatIsAlwaysThere(t *testing.T) {
	address, backend, stub := listenOnly(t), listenOnly(t), listenOnly(t)
	e := newTestExporter(t, strings.NewReplacer("ADDRESS", address, "BACKEND", backend, "STUB", stub).Replace(
		configOfHub("http://ADDRESS", `  backends: [http://BACKEND]
  msr: {replicas: [http://ADDRESS, http://BACKEND]}
  nginx: {urls: [http://STUB/nginx_status]}
  debug: {urls: [http://ADDRESS]}
  swift: {auth_url: http://ADDRESS/auth/v1.0, username: docker:registry, key: keykeykey, container: registry}
  redis: {addr: 'ADDRESS'}
`)))
	_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub", timeoutHeader, "0.4")
	at := func(format string, addresses ...string) {
		t.Helper()
		for _, address := range addresses {
			testserver.WantLines(t, page, strings.ReplaceAll(format, "AT", address))
		}
	}
	at(`registry_passive{registry="hub"} 0`, "")
	at(`registry_api_up{address="AT",registry="hub",role="front"} 0`, address)
	at(`registry_api_up{address="AT",registry="hub",role="backend"} 0`, backend)
	at(`registry_msr_ping_healthy{address="AT",registry="hub"} 0`, address, backend)
	at(`registry_health_ok{address="AT",registry="hub"} 0`, address)
	at(`registry_swift_reachable{address="AT",registry="hub",swift_container="registry"} 0`, address)
	at(`registry_redis_reachable{address="AT",registry="hub"} 0`, address)
	for collector, addresses := range map[string][]string{
		"api": {address, backend}, "msr": {address, backend}, "ping": {address, backend}, "nginx": {address, backend, stub},
		"debug": {address}, "health": {address}, "swift": {address}, "redis": {address},
	} {
		at(`registry_collector_success{address="AT",collector="`+collector+`",registry="hub"} 0`, addresses...)
		at(`registry_collector_failure{address="AT",collector="`+collector+`",reason="timeout",registry="hub"} 1`, addresses...)
		for _, address := range addresses {
			if !strings.Contains(page, `registry_collector_duration_seconds{address="`+address+`",collector="`+collector+`",registry="hub"} `) {
				t.Errorf("no duration of %s at %s", collector, address)
			}
		}
	}
	for _, unknown := range []string{
		"registry_api_authorized", "registry_api_status_code", "registry_api_auth{", "registry_tls_", "registry_health_check", "registry_webhook_", "registry_distribution_", "registry_msr_replica",
		"registry_msr_current", "registry_msr_table", "registry_nginx_", "registry_swift_container", "registry_redis_ping", "registry_redis_memory",
	} {
		if strings.Contains(page, "\n"+unknown) {
			t.Errorf("%s was not measured, and is on\n%s", unknown, page)
		}
	}
}

// listenOnly returns an address where the system accepts connections and nobody reads from them.
func listenOnly(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestPageStandsWhateverASourceDoes(t *testing.T) {
	url, address := startHealthy(t)
	e := exporterOfHub(t, url, "")
	bad := func(name string, read func(context.Context) ([]source.Sample, error)) *source.Source {
		return &source.Source{Collector: name, Address: "a", Timeout: time.Second, Down: []source.Sample{testUp.Sample(0, name)}, Read: read}
	}
	r := e.live.Load().registries[0]
	r.add(
		bad("panics", func(context.Context) ([]source.Sample, error) { panic("no such thing") }),
		bad("twice", func(context.Context) ([]source.Sample, error) {
			return []source.Sample{testUp.Sample(1, "twice"), testUp.Sample(1, "twice")}, nil
		}),
		bad("binary", func(context.Context) ([]source.Sample, error) {
			return []source.Sample{testUp.Sample(1, "\xff\xfe\x00\n\"")}, nil
		}))
	status, page := testserver.Ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK || strings.Contains(page, "no such thing") {
		t.Errorf("%d\n%s", status, page)
	}
	testserver.WantLines(t, page,
		`registry_test_up{address="panics",registry="hub"} 0`,
		`registry_collector_failure{address="a",collector="panics",reason="panic",registry="hub"} 1`,
		`registry_test_up{address="twice",registry="hub"} 1`,
		`registry_collector_failure{address="a",collector="twice",reason="bad_answer",registry="hub"} 1`,
		"registry_test_up{address=\"\uFFFD\uFFFD\uFFFD\\\"\",registry=\"hub\"} 1",
		`registry_collector_success{address="a",collector="binary",registry="hub"} 1`,
		`registry_api_up{address="`+address+`",registry="hub",role="front"} 1`)
}

func TestSourcesOfOneRegistryThatWriteTheSameSeries(t *testing.T) {
	url, address := startHealthy(t)
	e := exporterOfHub(t, url, "")
	r := e.live.Load().registries[0]
	for range 2 {
		r.add(testSource(func(context.Context) ([]source.Sample, error) {
			return []source.Sample{testUp.Sample(1, "a")}, nil
		}))
	}
	var logged strings.Builder
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	status, page := testserver.Ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK {
		t.Error(status)
	}
	testserver.WantLines(t, page, `registry_test_up{address="a",registry="hub"} 1`, `registry_api_up{address="`+address+`",registry="hub",role="front"} 1`)
	if !strings.Contains(logged.String(), `msg="serving a page"`) {
		t.Errorf("the log is silent: %s", &logged)
	}
}
