package docs_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector"

	"github.com/go-kit/log"
)

// startExporter is the address of an exporter with a name (--exporter.name) and a configuration.
func startExporter(t *testing.T, name, config string) string {
	t.Helper()
	e, err := collector.New(collector.Options{Name: name, ConfigFile: writeFile(t, "registry_exporter.yml", config), Logger: log.NewNopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sd", e.ServeDiscovery)
	mux.HandleFunc("GET /probe", e.ServeProbe)
	mux.HandleFunc("GET /metrics", e.ServeMetrics)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// A prometheus is a real one that runs.
type prometheus struct{ address string }

func startPrometheus(t *testing.T, config string) prometheus {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("prometheus is not installed; on Debian: apt-get install prometheus")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := prometheus{l.Addr().String()}
	l.Close()
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+writeFile(t, "prometheus.yml", config), "--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"), "--web.listen-address="+p.address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return p
}

// ask is what a query finds: the values by instance.
func (p prometheus) ask(query string) map[string]string {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	resp, err := http.Get("http://" + p.address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return nil // it starts
	}
	defer resp.Body.Close()
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		return nil
	}
	found := map[string]string{}
	for _, r := range answer.Data.Result {
		found[r.Metric["instance"]] = fmt.Sprint(r.Value[1])
	}
	return found
}

func (p prometheus) wait(t *testing.T, event string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen that", event)
		}
	}
}

// One of the pair cannot reach the registry. Both views are stored, and neither overwrites the other; the rules take the better one.
func TestAPairInOnePrometheus(t *testing.T) {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		fmt.Fprint(w, "{}")
	}))
	defer registry.Close()
	const text = "registries:\n- {name: hub, site: eqiad, url: %q}\n"
	config := strings.NewReplacer(
		"exporter-a.example.org:10500", startExporter(t, "exporter-a", fmt.Sprintf(text, registry.URL)),
		"exporter-b.example.org:10500", startExporter(t, "exporter-b", fmt.Sprintf(text, "http://127.0.0.1:1")),
		"scrape_interval: 60s", "scrape_interval: 1s", "scrape_timeout: 20s", "scrape_timeout: 1s",
		"global:\n", "global:\n  evaluation_interval: 1s\n",
	).Replace(prometheusConfigs(t)[1])
	rules, err := filepath.Abs("../alerts")
	if err != nil {
		t.Fatal(err)
	}
	p := startPrometheus(t, fmt.Sprintf("rule_files: [%q]\n", filepath.Join(rules, "*.yml"))+config)
	want := map[string]string{"hub@eqiad/exporter-a": "1", "hub@eqiad/exporter-b": "0"}
	const up = `registry_api_up{registry="hub",site="eqiad",role="front"}`
	p.wait(t, "both views are stored several times", func() bool { return len(p.ask("count_over_time("+up+"[1m]) > 4")) == 2 })
	if got := p.ask("last_over_time(" + up + "[1m])"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("stored is %v, want %v", got, want)
	}
	if got := p.ask("changes(" + up + "[1m]) > 0"); len(got) != 0 {
		t.Errorf("values change: %v", got)
	}
	p.wait(t, "the rule takes the better view", func() bool { return p.ask(`registry:front:up{registry="hub",site="eqiad"}`)[""] == "1" })
	if got := p.ask(`ALERTS{severity="critical"}`); len(got) != 0 {
		t.Errorf("somebody is called: %v", got)
	}
}
