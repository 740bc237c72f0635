package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHungUpstreams scrapes 300 times while much of the stack hangs. Goroutines, files and memory of the exporter must
// not grow.
func TestHungUpstreams(t *testing.T) {
	if *run != "all" && !slices.Contains(strings.Split(*run, ","), "soak") {
		t.Skip("is part of make e2e-all, or make e2e FAULT=soak")
	}
	hung := []string{"swift-proxy-eqiad", "swift-proxy-codfw", "keystone", "redis", "redis-acl", "redis-tls", "registry-checked", "registry-token"}
	for _, name := range hung {
		must(t, pause(name)(stack))
		defer func() { must(t, resume(name)(stack)) }()
	}
	must(t, msrOn("replica-hangs")(stack))
	defer func() { must(t, msrOff("replica-hangs")(stack)) }()

	const timeout = 800 * time.Millisecond
	var before, after usage
	for i := range 300 {
		l, err := stack.look(instances, timeout)
		must(t, err)
		if l.took > timeout+200*time.Millisecond { // eight at once are read by one test
			t.Errorf("page %d took %s of %s", i, l.took, timeout)
		}
		if i == 30 || i == 299 {
			p, err := stack.scrape("/metrics", timeout)
			must(t, err)
			before, after = after, usageOf(p)
		}
	}
	fmt.Printf("300 scrapes with hung upstreams: goroutines %.0f to %.0f, file descriptors %.0f to %.0f, memory %.1f to %.1f MB\n",
		before.goroutines, after.goroutines, before.files, after.files, before.memory/1e6, after.memory/1e6)
	if after.goroutines > before.goroutines+30 || after.files > before.files+20 || after.memory > before.memory*1.3 {
		t.Error("the exporter grows")
	}
}

// usage is what the exporter's page says of the exporter's process.
type usage struct{ goroutines, files, memory float64 }

func usageOf(p *page) usage {
	value := func(name string) float64 { return p.families[name].GetMetric()[0].GetGauge().GetValue() }
	return usage{value("go_goroutines"), value("process_open_fds"), value("process_resident_memory_bytes")}
}

// TestSecretsStaySecret comes last: it searches everything that the exporter logged at debug level while the other tests
// ran. Pages were searched when they came.
func TestSecretsStaySecret(t *testing.T) {
	log, err := os.ReadFile(stack.processes["exporter"].logFile())
	if err != nil {
		t.Fatal(err)
	}
	if len(log) == 0 {
		t.Error("nothing was logged")
	}
	if found := secretIn(string(log)); found != "" {
		t.Errorf("the log holds a secret: %s", found)
	}
	for _, path := range []string{"/config", "/", "/sd", "/probe?registry=basic&debug=true", "/probe?registry=x-swift-key&debug=true"} {
		if _, err := stack.get(path, scrapeTimeout); err != nil {
			t.Error(err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
