package dashboards

import (
	"strings"
	"testing"

	"registry_exporter/alerts/golden"
)

// knownMetrics are all metrics there are, with their labels.
func knownMetrics(t *testing.T) golden.Metrics {
	t.Helper()
	known, err := golden.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range processMetrics {
		known[name] = map[string]bool{"job": true, "instance": true}
	}
	return known
}

// processMetrics are what every exporter in Go says of itself, which is on no page of ours.
var processMetrics = strings.Fields(`go_goroutines go_memstats_heap_inuse_bytes
	process_cpu_seconds_total process_open_fds process_resident_memory_bytes`)
