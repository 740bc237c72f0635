package collectortest

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A Collector says how Pages reads the answers of one collector.
type Collector struct {
	Name    string            // as in the label "collector"
	Config  string            // lines of a registry that has it; ADDRESS is the host:port of the server
	Answers map[string]string // the file that answers a path, without its ending
	Probe   bool              // the collector is a probe: it runs once; the times of runs become 0
}

// Pages turns each folder of answers, testdata/COLLECTOR/CASE/, into the page CASE.prom in it.
//
// An answer is NAME.http, a whole HTTP response, or NAME.json, the body of a 200. In a body "@rethinkdb/NAME" stands for
// the file testdata/rethinkdb/NAME.json. A request with credentials gets NAME_authorized if there is one. A file
// registry.yml has the lines of the registry instead of Config; there and in answers ADDRESS is the host:port of the server.
func Pages(t *testing.T, c Collector) {
	folders, err := filepath.Glob(filepath.Join("testdata", c.Name, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folders of answers in testdata/%s: %v", c.Name, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			server := httptest.NewServer(serveFolder(t, folder, c.Answers))
			defer server.Close()
			address := server.Listener.Addr().String()
			lines := c.Config
			if own, err := os.ReadFile(filepath.Join(folder, "registry.yml")); err == nil {
				lines = string(own)
			}
			e := Hub(t, "http://"+address, strings.ReplaceAll(lines, "ADDRESS", address))
			if c.Probe {
				RunProbe(t, e, c.Name)
			}
			page := Page(t, e, c.Name, map[string]string{address: "registry.example.org:80"})
			ComparePage(t, folder, withoutRunTimes(t, page))
		})
	}
}

func serveFolder(t *testing.T, folder string, answers map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(folder, answers[r.URL.Path])
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

// answerWith sends a response as it stands in a file. It sets the Content-Length that the body has.
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
