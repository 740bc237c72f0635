// Package collectortest makes exporters for the tests of collectors (exporter.go, probe.go), scrapes them (scrape.go),
// and compares their pages with golden ones (page.go). folders.go does all of this for folders of answers, such as
// collector/nginx/testdata/nginx.
package collectortest

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/testserver"
)

// New makes an exporter with the given configuration. It stops with the test.
func New(t testing.TB, text string) *collector.Exporter {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := collector.New(collector.Options{ConfigFile: file, ExternalURL: "http://exporter.example.org:10500", Registries: true, Logger: log.NewNopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// Hub makes an exporter of a registry hub at url. more are lines of the registry's configuration.
func Hub(t testing.TB, url, more string) *collector.Exporter {
	t.Helper()
	return New(t, HubConfig(url, more))
}

// HubConfig returns the configuration of a registry hub at url. more are lines of the registry.
func HubConfig(url, more string) string {
	return "registries:\n- name: hub\n  url: " + url + "\n" + more
}

// Ask sends a GET to a handler. more are pairs of header and value.
func Ask(t testing.TB, handler http.HandlerFunc, target string, more ...string) (status int, body string) {
	t.Helper()
	return testserver.Ask(t, handler, target, more...)
}

// WantLines fails the test unless the page has each of the lines.
func WantLines(t testing.TB, page string, lines ...string) {
	t.Helper()
	testserver.WantLines(t, page, lines...)
}
