// Package collectortest makes exporters for the tests of collectors, and compares their pages with golden ones.
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

// New is an exporter with the given configuration. It stops with the test.
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

// Hub is an exporter of a registry hub that answers at url. more are lines of the registry.
func Hub(t testing.TB, url, more string) *collector.Exporter {
	t.Helper()
	return New(t, HubConfig(url, more))
}

// HubConfig is the configuration of a registry hub that answers at url. more are lines of the registry.
func HubConfig(url, more string) string {
	return "registries:\n- name: hub\n  url: " + url + "\n" + more
}

// Ask sends a GET to a handler. more are pairs of header and value.
func Ask(t testing.TB, handler http.HandlerFunc, target string, more ...string) (status int, body string) {
	t.Helper()
	return testserver.Ask(t, handler, target, more...)
}

// WantLines wants whole lines on a page.
func WantLines(t testing.TB, page string, lines ...string) {
	t.Helper()
	testserver.WantLines(t, page, lines...)
}
