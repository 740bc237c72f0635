package collector

import (
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

func TestMetricsShowTheExporterAndAllRegistries(t *testing.T) {
	url, address := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, "")+"- name: other\n  site: eqiad\n  passive: true\n  url: "+url+"\n")
	status, page := testserver.Ask(t, e.ServeMetrics, "/metrics")
	if status != http.StatusOK {
		t.Fatal(status, page)
	}
	testserver.WantLines(t, page,
		`registry_api_up{address="`+address+`",registry="hub",role="front"} 1`,
		`registry_api_up{address="`+address+`",registry="other",role="front",site="eqiad"} 1`,
		`registry_passive{registry="hub"} 0`,
		`registry_passive{registry="other",site="eqiad"} 1`,
		`registry_exporter_web_info{external_url="http://exporter.example.org:10500"} 1`,
		`registry_exporter_config_last_reload_successful 1`,
		`registry_exporter_scrapes_rejected_total 0`)
}

func TestMetricsOfTheExporterOnly(t *testing.T) {
	url, _ := startHealthy(t)
	e := exporterOfHub(t, url, "")
	e.opts.Registries = false
	_, page := testserver.Ask(t, e.ServeMetrics, "/metrics")
	if strings.Contains(page, `registry="hub"`) {
		t.Errorf("a registry is on\n%s", page)
	}
	testserver.WantLines(t, page, `registry_exporter_config_last_reload_successful 1`)
}

func TestProbeShowsOneRegistry(t *testing.T) {
	url, _ := startHealthy(t)
	e := newTestExporter(t, configOfHub(url, "")+"- name: other\n  url: "+url+"\n")
	status, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=other")
	if status != http.StatusOK || strings.Contains(page, `registry="hub"`) || strings.Contains(page, "go_goroutines") {
		t.Errorf("%d\n%s", status, page)
	}
	testserver.WantLines(t, page, `registry_passive{registry="other"} 0`,
		`registry_exporter_web_info{external_url="http://exporter.example.org:10500"} 1`)
}

func TestWhatProbeRefuses(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+
		"- name: hub\n  site: codfw\n  url: http://127.0.0.1:1\n- name: other\n  url: http://127.0.0.1:1\n")
	for _, c := range []struct {
		name, query string
		status      int
		want        string
	}{
		{"no registry", "", 400, "registry is missing: /probe?registry=NAME, one of: hub@eqiad, hub@codfw, other"},
		{"unknown registry", "registry=hob", 404, `no registry "hob", site "" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"a URL is no name", "registry=http://127.0.0.1:1", 404, `no registry "http://127.0.0.1:1", site "" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"unknown site", "registry=hub&site=esams", 404, `no registry "hub", site "esams" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"site of one that has none", "registry=other&site=eqiad", 404, `no registry "other", site "eqiad" in the configuration; there are: hub@eqiad, hub@codfw, other`},
		{"two sites and none given", "registry=hub", 400, `registry "hub" has several sites: add &site= with one of: eqiad, codfw`},
		{"unknown collector", "registry=other&collect[]=api&collect[]=apo", 400, `no collector "apo"; there are: ` + collectorNames()},
	} {
		if status, body := testserver.Ask(t, e.ServeProbe, "/probe?"+c.query); status != c.status || body != c.want+"\n" {
			t.Errorf("%s: %d, want %d\n got %swant %s", c.name, status, c.status, body, c.want)
		}
	}
}

func TestProbeOfASite(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", "  site: eqiad\n")+"- name: hub\n  site: codfw\n  url: http://127.0.0.1:1\n")
	_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub&site=codfw")
	testserver.WantLines(t, page, `registry_passive{registry="hub",site="codfw"} 0`)
	if strings.Contains(page, "eqiad") {
		t.Errorf("the other site is on\n%s", page)
	}
}

func TestProbeOfSomeCollectors(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "  redis: {addr: '127.0.0.1:1'}\n  debug: {urls: ['http://127.0.0.1:1']}\n")
	_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=redis&collect[]=health")
	testserver.WantLines(t, page,
		`registry_redis_reachable{address="127.0.0.1:1",registry="hub"} 0`,
		`registry_health_ok{address="127.0.0.1:1",registry="hub"} 0`)
	if strings.Contains(page, "registry_api_") {
		t.Errorf("a collector nobody asked for is on\n%s", page)
	}
}

func TestDebugShowsLogAndSamples(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "")
	var logged strings.Builder
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	status, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub&debug=true")
	lines, samples, found := strings.Cut(page, "\nSamples:\n\n")
	if status != http.StatusOK || !found || !strings.HasPrefix(lines, "Log of this scrape:\n\n") {
		t.Fatalf("%d\n%s", status, page)
	}
	if !strings.Contains(lines, `msg="source fails" reason=refused err="asking /v2/: connecting to 127.0.0.1:1: connection refused"`) {
		t.Errorf("log of the page:\n%s", lines)
	}
	if !strings.Contains(logged.String(), `msg="source fails" reason=refused`) {
		t.Errorf("log of the exporter:\n%s", &logged)
	}
	testserver.WantLines(t, samples, `registry_collector_failure{address="127.0.0.1:1",collector="api",reason="refused",registry="hub"} 1`)
}

func TestConfigurationIsShownWithoutSecrets(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "  redis: {addr: '127.0.0.1:1', password: hunter2}\n")
	status, page := testserver.Ask(t, e.ServeConfig, "/config")
	if status != http.StatusOK || strings.Contains(page, "hunter2") || !strings.Contains(page, "password: <secret>\n") {
		t.Errorf("%d\n%s", status, page)
	}
}

func collectorNames() string {
	var names []string
	for _, c := range collectorTable {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}
