package registry_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/testserver"
)

// TestTLSFilesPage compares the page of a front that was not reloaded after its file was renewed.
func TestTLSFilesPage(t *testing.T) {
	years := testserver.Valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC))
	ca := testserver.NewAuthority(t, "CA", nil, testserver.Valid(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC)))
	server := testserver.Showing(t, ca.Issue(t, years, testserver.ForNames("127.0.0.1")), openRegistry)
	renewed, caFile := testserver.ChainFile(t, ca.Issue(t, years, testserver.ForNames("127.0.0.1"))), ca.File(t)
	e := collectortest.Hub(t, server.URL, fmt.Sprintf("  tls: {files: [%s], ca_files: [%s]}\n  http: {tls_config: {ca_file: %s}}\n", renewed, caFile, caFile))
	collectortest.ComparePage(t, filepath.Join("testdata", "tls", "not_reloaded"), collectortest.Page(t, e, "api", map[string]string{
		server.Listener.Addr().String(): "registry.example.org:443", renewed: "/etc/nginx/registry.crt", caFile: "/srv/nodes/ca.crt",
	}))
}

func TestFilesHaveToBeThereAtTheStart(t *testing.T) {
	for _, key := range []string{"files", "ca_files"} {
		file := testserver.TempFile(t, "registry_exporter.yml", []byte(collectortest.HubConfig("https://registry.example.org", "  tls: {"+key+": [/none.crt]}\n")))
		_, err := collector.New(collector.Options{ConfigFile: file, Logger: log.NewNopLogger()})
		if err == nil || !strings.Contains(err.Error(), "registries[0].tls."+key+"[0]") || !strings.Contains(err.Error(), "/none.crt") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
