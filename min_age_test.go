package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// Two Prometheis, one after the other.
func TestScrapesShortlyAfterEachOtherAskOnce(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want int64
	}{
		"by default":         {nil, 1},
		"each scrape reads":  {[]string{"--web.min-age=0s"}, 2},
		"a time of one hour": {[]string{"--web.min-age=1h"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
			}))
			t.Cleanup(registry.Close)
			p := start(t, writeFile(t, "hub.yml", registriesAt(registry.URL, 1)), c.args...)
			for range 2 {
				p.get(t, "/metrics")
			}
			if got := asked.Load(); got != c.want {
				t.Errorf("asked %d times, want %d", got, c.want)
			}
		})
	}
}
