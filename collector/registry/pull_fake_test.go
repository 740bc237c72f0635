package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// wholeOnly serves a blob without heeding ranges.
func (f *fakeRegistry) wholeOnly(d digest.Digest) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		blob := f.blobs[d]
		f.mu.Unlock()
		w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
		_, _ = w.Write(blob)
	}
}

// emptied serves a length and nothing else, as a registry does whose store has gone.
func emptied(length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(length))
		w.WriteHeader(http.StatusOK)
	}
}

// puller is an exporter of the registry with images, and its probe of the front.
func (f *fakeRegistry) puller(t testing.TB, options string, images ...string) (*collector.Exporter, *source.Probe) {
	t.Helper()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+f.URL+"\n  pull: {images: ["+strings.Join(images, ", ")+"]"+options+"}\n")
	return e, msr.sourcesOf(e.live.Load().registries[0], "pull")[0].Probe
}

// pulled runs the probe once and is what the page says then.
func (f *fakeRegistry) pulled(t testing.TB, e *collector.Exporter, p *source.Probe) found {
	t.Helper()
	if !p.Once(t.Context()) {
		t.Fatal("the probe did not run")
	}
	return e.scrapeNow(t, "pull")
}
