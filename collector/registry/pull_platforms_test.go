package registry

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// twoPlatforms stores library/base:1.0 for linux/amd64 and linux/arm64, and returns the image for arm64.
func (f *fakeRegistry) twoPlatforms() (arm64 fakeImage) {
	amd64 := f.push("amd64", "layer one", "layer two")
	arm64 = f.push("arm64", "layer one", "layer two", "layer of arm64 alone")
	f.index("1.0", map[string]fakeImage{"linux/amd64": amd64, "linux/arm64": arm64})
	return arm64
}

func TestPullToldOfOtherPlatforms(t *testing.T) {
	for _, s := range []badPull{
		{name: "nothing", breakIt: func(*testing.T, *fakeRegistry, fakeImage) {}},
		{
			name: "a manifest that is lost", seen: true, step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, text: "the image for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.manifest) },
		},
		{
			name: "a config that is lost", step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, text: "for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.config) },
		},
		{
			name: "a layer that is lost", step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, text: "for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.layers[2]) },
		},
		{
			name: "a layer cut short", step: stepPlatforms, reason: source.ReasonShortRead, badReason: source.ReasonShortRead, text: "for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.damage(i.layers[2], cut) },
		},
		{
			name: "a manifest cut short", step: stepPlatforms, reason: source.ReasonShortRead, badReason: source.ReasonShortRead, text: "the image for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.change(i.manifest, cut) },
		},
		{
			name: "a manifest with a flipped bit", step: stepPlatforms, reason: source.ReasonDigestMismatch, badReason: source.ReasonDigestMismatch, text: "the image for linux/arm64 (sha256:",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.change(i.manifest, flip) },
		},
		{
			name: "a manifest that is lost, at a registry that does not know HEAD", seen: true, step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.lose(i.manifest)
				f.answer("HEAD manifest", saysStatus(http.StatusMethodNotAllowed, ""))
			},
		},
		{
			name: "a lost layer, at a server that sends blobs as a whole only", step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob,
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.lose(i.layers[2])
				f.answer(i.layers[0].String(), f.wholeOnly(i.layers[0]))
				f.answer(i.layers[1].String(), f.wholeOnly(i.layers[1]))
			},
		},
		{
			name: "404 to HEAD of a layer that is there, at a server that sends blobs as a whole only",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.wholeUnlessHead(i, http.StatusNotFound, "0")
			},
		},
		{
			name: "a wrong length to HEAD of a layer, at a server that sends blobs as a whole only",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.wholeUnlessHead(i, http.StatusOK, "1")
			},
		},
		{
			name: "503 of a manifest", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.answer(i.manifest.String(), refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE"))
			},
		},
		{
			name: "an attestation that is lost", breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/amd64": f.push("amd64", "layer one"), "unknown/unknown": i})
				f.lose(i.manifest)
			},
		},
		{
			name: "a platform that is no word", seen: true, step: stepPlatforms, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, text: "the image for another platform", without: "<b>",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) {
				f.index("1.0", map[string]fakeImage{"linux/amd64": f.push("amd64", "layer one"), "linux/<b>": i})
				f.lose(i.manifest)
			},
		},
		{
			name: "a lost part of our own platform, which tells first", step: stepLayers, reason: source.ReasonMissingBlob, badReason: source.ReasonMissingBlob, without: "arm64",
			breakIt: func(_ *testing.T, f *fakeRegistry, i fakeImage) { f.lose(i.layers[0]); f.lose(i.layers[2]) },
		},
	} {
		t.Run(s.name, func(t *testing.T) { s.runWith(t, (*fakeRegistry).twoPlatforms) })
	}
}

// wholeUnlessHead sends the config and layers of an image as a whole. It answers HEAD of them with a status and a length.
func (f *fakeRegistry) wholeUnlessHead(i fakeImage, status int, length string) {
	for _, d := range append(i.layers, i.config) {
		whole := f.wholeOnly(d)
		f.answer(d.String(), func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodHead {
				whole(w, r)
				return
			}
			w.Header().Set("Content-Length", length)
			w.WriteHeader(status)
		})
	}
}

// change changes a manifest in the store.
func (f *fakeRegistry) change(d digest.Digest, change func([]byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.manifests[d.String()] = change([]byte(string(f.manifests[d.String()])))
}

func TestOtherPlatformsUntilTheyAreWell(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	layer := f.blobs[arm64.layers[2]]
	e := f.puller(t, "", "library/base:1.0")
	about := fmt.Sprintf(`address="%s",role="front",image="library/base:1.0"`, f.address())
	bad := func(confirmed string) string {
		return `registry_pull_content_bad{` + about + `,reason="missing_blob",confirmed="` + confirmed + `"}`
	}
	f.lose(arm64.layers[2])
	e.run(t).wantSamples(t, map[string]float64{bad("false"): 1, "registry_pull_success{": 0})
	f.answer("HEAD manifest", refuseWith(http.StatusServiceUnavailable, "UNAVAILABLE"))
	e.run(t).wantSamples(t, map[string]float64{bad("false"): 1})
	f.set(nil)
	e.run(t).wantSamples(t, map[string]float64{bad("true"): 1, "registry_pull_success{": 0})
	e.reload(t)
	f.blob(string(layer))
	got := e.run(t)
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, `registry_pull_step_success{` + about + `,step="platforms"}`: 1})
	got.wantNone(t, "registry_pull_content_bad{", "registry_pull_failure{")

	f.lose(arm64.manifest)
	e.run(t).wantSamples(t, map[string]float64{bad("false"): 1})
	f.push("1.0", "layer one") // no index any more
	got = e.run(t)
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1})
	got.wantNone(t, "registry_pull_content_bad{", `registry_pull_step_success{`+about+`,step="platforms"`)
}

// Two backends behind a balancer take turns, and one of them has lost a part.
func TestOtherPlatformsAreAskedForTwiceBeforeTheyAreLost(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	var asked atomic.Int32
	f.answer(arm64.manifest.String(), func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f.serveManifest(w, r, arm64.manifest.String())
	})
	f.puller(t, "", "library/base:1.0").run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1})
	if asked.Load() < 2 {
		t.Errorf("the manifest was asked for %d times", asked.Load())
	}
}

func TestCachesAreNotAskedForOtherPlatforms(t *testing.T) {
	f := startRegistry(t)
	arm64 := f.twoPlatforms()
	f.lose(arm64.manifest)
	e := collectHub(t, "pull", f.URL, "  cache: true\n  pull: {images: [library/base:1.0]}\n")
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1})
	if n := f.countOf(arm64.manifest); n > 0 {
		t.Errorf("the manifest of the other platform was asked for %d times", n)
	}
}

// countOf returns the number of requests for a manifest or blob.
func (f *fakeRegistry) countOf(d digest.Digest) (n int) {
	for _, r := range f.Requests() {
		if strings.HasSuffix(r.URL.Path, d.String()) {
			n++
		}
	}
	return n
}

// An index has 30 other platforms with 21 parts each. Every run sends at most 10 requests, and in time each part is asked
// for.
func TestOtherPlatformsAreAskedForInTurn(t *testing.T) {
	t.Parallel()
	f := startRegistry(t)
	images := map[string]fakeImage{"linux/amd64": f.push("amd64", "layer one")}
	ours := map[string]bool{images["linux/amd64"].manifest.String(): true, images["linux/amd64"].config.String(): true, images["linux/amd64"].layers[0].String(): true, "1.0": true}
	parts := map[digest.Digest]bool{}
	for i := range 30 {
		var layers []string
		for n := range 20 + i {
			layers = append(layers, fmt.Sprintf("layer %d of image %d", n, i))
		}
		image := f.push("other", layers...)
		images[fmt.Sprintf("linux/odd%d", i)] = image
		for _, d := range append(image.layers, image.manifest, image.config) {
			parts[d] = true
		}
	}
	ours[f.index("1.0", images).String()] = true
	e := f.puller(t, "", "library/base:1.0")
	before := 0
	for run := 0; len(parts) > 0; run++ {
		if run == 400 {
			t.Fatalf("%d parts were never asked for", len(parts))
		}
		e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1})
		asked := 0
		for _, r := range f.Requests()[before:] {
			if _, name := kindOf(r); !ours[name] {
				asked++
				delete(parts, digest.Digest(name))
			}
		}
		if asked > maxOthers || asked < maxOthers/2 {
			t.Fatalf("a run asked %d times for other platforms", asked)
		}
		before = len(f.Requests())
	}
}
