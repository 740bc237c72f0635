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

// knownMetrics are all metrics there are, with their labels.
func knownMetrics(t *testing.T) golden.Metrics {
	t.Helper()
	known, err := golden.Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range maps.Clone(known) {
		if histogram, found := strings.CutSuffix(name, "_bucket"); found {
			known[histogram] = maps.Clone(labels) // how a native histogram is called
			delete(known[histogram], "le")
		}
	}
	for _, name := range processMetrics {
		known[name] = map[string]bool{"job": true, "instance": true}
	}
	return known
}

// processMetrics are what every exporter in Go says of itself, which is on no page of ours.
var processMetrics = strings.Fields(`go_goroutines go_memstats_heap_inuse_bytes
	process_cpu_seconds_total process_open_fds process_resident_memory_bytes`)
