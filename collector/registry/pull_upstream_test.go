package registry

import (
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/source"
)

func TestPullThroughCacheAsksForItsUpstream(t *testing.T) {
	const up, pulled = "registry_pull_upstream_success{", "registry_pull_success{"
	for _, c := range []struct {
		name, reason, alert string
		status              int // of the answer for a blob that nobody has
		unknown             bool
		lost                bool // the cache does not have the image either
		upstream            float64
	}{
		{name: "the upstream answers", status: 404, upstream: 1},
		{name: "the upstream is gone, and the cache has the image", status: 500, reason: source.ReasonUpstreamFailed, alert: "RegistryUpstreamFails"},
		{name: "the upstream is gone, and the cache has not the image", status: 503, lost: true, reason: source.ReasonUpstreamFailed, alert: "RegistryPullFails"},
		{name: "the upstream answers, and nobody has the image", status: 404, lost: true, upstream: 1, reason: source.ReasonNotFound, alert: "RegistryPullFails"},
		{name: "the cache limits us: the upstream may be well", status: 429, unknown: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startRegistry(t)
			f.push("1.0", "layer one")
			f.answer(nobodyHas, refuseWith(c.status, "UNKNOWN"))
			if c.lost {
				f.answer("1.0", refuseWith(404, "MANIFEST_UNKNOWN"))
			}
			got := collectHub(t, "pull", f.URL, "  cache: true\n  pull: {images: [\"library/base:1.0\"]}\n").run(t)
			got.wantReason(t, c.reason)
			got.wantSamples(t, map[string]float64{pulled: source.Bool01(!c.lost)})
			if c.unknown {
				got.wantNone(t, up)
			} else {
				got.wantSamples(t, map[string]float64{up: c.upstream})
			}
			if alert := (&puller{role: "front"}).alert(&source.View{}, got.results[0]); c.alert != "" && alert != c.alert {
				t.Errorf("the alert is %s, want %s", alert, c.alert)
			}
		})
	}
}

// The probe does not ask a registry that is no cache for a blob that nobody has.
func TestPullOfARegistryAsksForNoUpstream(t *testing.T) {
	f := startRegistry(t)
	f.push("1.0", "layer one")
	f.puller(t, "", "library/base:1.0").run(t).wantNone(t, "registry_pull_upstream_success{")
	for _, r := range f.Requests() {
		if strings.HasSuffix(r.URL.Path, nobodyHas) {
			t.Error("it was asked")
		}
	}
}

// TestPullThroughCachePage compares a whole page with testdata/pull/upstream_gone.
func TestPullThroughCachePage(t *testing.T) {
	f := startRegistry(t)
	f.push("1.0", "layer one")
	f.answer(nobodyHas, refuseWith(500, "UNKNOWN"))
	e := collectHub(t, "pull", f.URL, "  cache: true\n  pull: {images: [\"library/base:1.0\", \"team/app:2.0\"]}\n")
	e.run(t)
	golden.ComparePage(t, filepath.Join("testdata", "pull", "upstream_gone"), e.page(t, f.address(), "cache.example.org:443"))
}
