package swift_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/swift/fakeswift"
	"registry_exporter/collector/testserver"
)

func newExporter(t *testing.T, text string, logger log.Logger) (*collector.Exporter, error) {
	t.Helper()
	file := testserver.TempFile(t, "registry_exporter.yml", []byte(text))
	e, err := collector.New(collector.Options{ConfigFile: file, Logger: logger})
	if err == nil {
		t.Cleanup(e.Stop)
	}
	return e, err
}

func TestConfigIsRefused(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"no version", "auth_url: http://swift.example.org/auth", "auth_version is missing"},
		{"a version that is none", "auth_url: http://v3.example.org/auth/v10", "auth_version is missing"},
		{"a storage URL without account", "auth_url: http://swift.example.org/auth/v1.0, storage_url: http://swift.example.org/", "must end in the account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newExporter(t, fakeswift.Start(t).Config(c.config), log.NewNopLogger())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "registry_exporter.yml:4") {
				t.Errorf("got %v, want line 4 and %q", err, c.want)
			}
		})
	}
}

// A server may repeat in an error what it was sent.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "No access with %s%s", r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Token"))
	}
	for _, at := range []string{"login", "container", "counts"} {
		t.Run(at, func(t *testing.T) {
			server := fakeswift.Start(t)
			switch at {
			case "login":
				server.Login = echo
			case "container":
				server.Container = echo
			case "counts":
				server.Container = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Container-Bytes-Used", r.Header.Get("X-Auth-Token"))
				}
			}
			var logged bytes.Buffer
			e, err := newExporter(t, server.Config(""), log.NewLogfmtLogger(&logged))
			if err != nil {
				t.Fatal(err)
			}
			_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=swift&debug=true")
			for _, text := range []string{logged.String(), page} {
				if !strings.Contains(text, "source fails") || strings.Contains(text, server.Key) || strings.Contains(text, "AUTH_tk") {
					t.Errorf("want a failure without key and token, got %s", text)
				}
			}
		})
	}
}
