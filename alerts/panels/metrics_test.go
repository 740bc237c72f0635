package panels_test

import (
	"maps"
	"strings"
	"testing"

	"registry_exporter/alerts/golden"
	"registry_exporter/dashboards"
)

func load(t *testing.T) []dashboards.Dashboard {
	t.Helper()
	all, err := dashboards.Load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// knownMetrics returns all metrics with their labels.
func knownMetrics(t *testing.T) golden.Metrics {
	t.Helper()
	known, err := golden.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range maps.Clone(known) {
		if histogram, found := strings.CutSuffix(name, "_bucket"); found {
			known[histogram] = maps.Clone(labels) // the name of the native histogram
			delete(known[histogram], "le")
		}
	}
	for _, name := range processMetrics {
		known[name] = map[string]bool{"job": true, "instance": true}
	}
	return known
}

// processMetrics are metrics of every exporter in Go. No golden page has them.
var processMetrics = strings.Fields(`go_goroutines go_memstats_heap_inuse_bytes
	process_cpu_seconds_total process_open_fds process_resident_memory_bytes`)
