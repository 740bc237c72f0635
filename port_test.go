package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// Such as one that is started by hand while the service runs: it would push the same tags as that.
func TestASecondExporterOnThePortAsksNobody(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer registry.Close()
	var config strings.Builder
	config.WriteString("registries:\n")
	for i := range 200 {
		fmt.Fprintf(&config, "- {name: r%d, url: %q, pull: {images: [\"library/base:1.0\"], every: 5s}}\n", i, registry.URL)
	}
	first := startHub(t)
	for range 3 {
		_, stderr, code := execute(t, "--config.file="+writeFile(t, "second.yml", config.String()), "--web.listen-address="+first.address)
		if code != 1 || !strings.Contains(stderr, "address already in use") {
			t.Fatalf("code %d\n%s", code, stderr)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the second one has sent %d requests", n)
	}
}
