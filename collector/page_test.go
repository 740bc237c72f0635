package collector

import (
	"bufio"
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the pages that come out as the pages that are wanted")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// TestPages turns each folder of answers, testdata/<collector>/<case>/, into the page <case>.prom in it.
//
// An answer is NAME.http, a whole HTTP response, or NAME.json, the body of a 200. In a body
// "@rethinkdb/NAME" stands for the file testdata/rethinkdb/NAME.json. Which path an answer is for says answerPaths.
// A file registry.yml adds lines to the registry of the configuration; there and in answers
// ADDRESS is the host:port of the server.
func TestPages(t *testing.T) {
	for _, c := range collectorTable {
		folders, err := filepath.Glob(filepath.Join("testdata", c.name, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			if _, own := ownPages[c.name]; own {
				continue
			}
			t.Run(c.name+"/"+filepath.Base(folder), func(t *testing.T) {
				server := httptest.NewServer(serveFolder(t, folder))
				defer server.Close()
				address := server.Listener.Addr().String()
				e := newTestExporter(t, "registries:\n- name: hub\n  url: http://"+address+"\n"+registryLines(t, c.name, folder, address))
				comparePage(t, folder, e.testPage(t, c.name, map[string]string{address: "registry.example.org:80"}))
			})
		}
	}
}

// ownPages are the collectors whose answers are not HTTP, or come only when their probe runs: their tests make the pages.
var ownPages = map[string]bool{
	"access": true, "pull": true, "push": true, "redis": true, "replication": true, "swift_count": true, "swift_probe": true,
}

// configOf is what makes a registry have a collector.
var configOf = map[string]string{
	"msr":    "  msr:\n",
	"ping":   "  msr:\n",
	"nginx":  "  msr:\n",
	"health": "  debug: {urls: [http://ADDRESS]}\n",
	"swift":  "  swift: {auth_url: http://ADDRESS/auth/v1.0, username: docker:registry, key: keykeykey, container: registry}\n",
}

func registryLines(t *testing.T, collector, folder, address string) string {
	t.Helper()
	lines := configOf[collector]
	if own, err := os.ReadFile(filepath.Join(folder, "registry.yml")); err == nil {
		lines = string(own)
	}
	return strings.ReplaceAll(lines, "ADDRESS", address)
}

// answerPaths says which file of a folder answers which path. A request with credentials gets NAME_authorized if there is one.
var answerPaths = map[string]string{
	"/v2/":                     "v2",
	"/auth/token":              "token",
	clusterStatusPath:          "cluster_status",
	"/_ping":                   "ping",
	"/nginx_status":            "nginx_status",
	"/debug/health":            "health",
	"/auth/v1.0":               "auth",
	"/v1/AUTH_docker/registry": "container",
}

func serveFolder(t *testing.T, folder string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(folder, answerPaths[r.URL.Path])
		if r.Header.Get("Authorization") != "" && (exists(name+"_authorized.http") || exists(name+"_authorized.json")) {
			name += "_authorized"
		}
		if text, err := os.ReadFile(name + ".json"); err == nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(withTables(t, text, r.Host))
			return
		}
		text, err := os.ReadFile(name + ".http")
		if err != nil {
			t.Errorf("no answer for %s in %s", r.URL.Path, folder)
			http.NotFound(w, r)
			return
		}
		answerWith(t, w, withTables(t, text, r.Host))
	})
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// answerWith sends a response as it stands in a file, its length put right.
func answerWith(t *testing.T, w http.ResponseWriter, text []byte) {
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(head)+"\n\n")), nil)
	if err != nil {
		t.Errorf("not an HTTP response: %s", err)
		return
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body)
}

var tableReference = regexp.MustCompile(`"@rethinkdb/(\w+)"`)

func withTables(t *testing.T, text []byte, address string) []byte {
	text = bytes.ReplaceAll(text, []byte("ADDRESS"), []byte(address))
	return tableReference.ReplaceAllFunc(text, func(ref []byte) []byte {
		tables, err := os.ReadFile(filepath.Join("testdata", "rethinkdb", string(tableReference.FindSubmatch(ref)[1])+".json"))
		if err != nil {
			t.Error(err)
		}
		return tables
	})
}

// newTestExporter is an exporter with the given configuration.
func newTestExporter(t testing.TB, text string) *Exporter {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{ConfigFile: file, ExternalURL: "http://exporter.example.org:10500", Registries: true, Logger: log.NewNopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// testPage reads one collector of all registries; times become 0, and names replace addresses.
func (e *Exporter) testPage(t *testing.T, collector string, names map[string]string) prometheus.Gatherer {
	t.Helper()
	var page lines
	for _, r := range e.live.Load().registries {
		page = append(page, r.scrape(t.Context(), maxScrape, func(c string) bool { return c == collector }, log.NewNopLogger())...)
	}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := newPage(page).Gather()
		for _, f := range families {
			for _, m := range f.Metric {
				for _, l := range m.Label {
					if name, found := names[l.GetValue()]; found {
						l.Value = &name
					}
				}
				if isTime(f.GetName()) && m.Gauge != nil {
					m.Gauge.Value = new(float64)
				}
			}
		}
		return families, err
	})
}

func isTime(name string) bool {
	return strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_timestamp_seconds")
}

func comparePage(t *testing.T, folder string, page prometheus.Gatherer) {
	t.Helper()
	file := filepath.Join(folder, filepath.Base(folder)+".prom")
	if *update {
		writePage(t, file, page)
	}
	want, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := testutil.GatherAndCompare(page, want); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(page)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}

func writePage(t *testing.T, file string, page prometheus.Gatherer) {
	t.Helper()
	if err := prometheus.WriteToTextfile(file, page); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
}
