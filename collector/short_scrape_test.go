package collector

import (
	"bytes"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// Anybody may ask with a timeout that no source can meet.
func TestAScrapeOfAMillisecondWritesNoFailureIntoTheLog(t *testing.T) {
	upstream, _, _ := startHung(t)
	e := exporterOfHub(t, upstream, "")
	var logged bytes.Buffer
	e.opts.Logger = log.NewLogfmtLogger(log.NewSyncWriter(&logged))
	testserver.Ask(t, e.ServeMetrics, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "0.001")
	if strings.Contains(logged.String(), "source fails") {
		t.Errorf("in the log:\n%s", &logged)
	}
	testserver.Ask(t, e.ServeMetrics, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "1")
	if !strings.Contains(logged.String(), "source fails") {
		t.Errorf("a scrape of a second does not log:\n%s", &logged)
	}
}
