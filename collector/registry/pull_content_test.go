package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// memory returns what the puller remembers of the front of the only registry.
func (e *collected) memory(t testing.TB) *content {
	t.Helper()
	b := e.builder(0)
	b.Keep = source.NewKeep(b.Keep) // as a reload does
	p, err := newPuller(b, b.URL, "front")
	if err != nil {
		t.Fatal(err)
	}
	return p.memory
}

// later makes the time come at which everything bad is read again.
func (c *content) later() {
	for _, b := range c.blobs {
		if b.bad != nil {
			b.bad.again = time.Time{}
		}
	}
}

// asked returns the number of requests since the last call whose path ends so.
func (f *fakeRegistry) asked(end string) (n int) {
	for _, r := range f.Requests() {
		if strings.HasSuffix(r.URL.Path, end) {
			n++
		}
	}
	f.Clear()
	return n
}

func TestBadContentStaysBadUntilItIsReadWellAgain(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.damage(image.layers[0], flip)
	wantBad := func(when, confirmed string) {
		t.Helper()
		got := e.run(t)
		got.wantReason(t, source.ReasonDigestMismatch)
		about := fmt.Sprintf(`address="%s",role="front",image="library/base:1.0"`, f.Listener.Addr())
		want := map[string]float64{
			"registry_pull_content_bad{" + about + `,reason="digest_mismatch",confirmed="` + confirmed + `"}`: 1,
			"registry_pull_content_bad{": 1, "registry_pull_success{": 0, "registry_pull_layers_verified{": 1,
			"registry_pull_step_success{" + about + `,step="layers"}`: 0,
		}
		for prefix, value := range want {
			if v, ok := got.value(t, prefix); !ok || v != value {
				t.Errorf("%s: %s is %v (there: %t), want %v", when, prefix, v, ok, value)
			}
		}
	}
	wantBad("at first", "false")
	f.asked("")
	wantBad("before its time", "false")
	if n := f.asked(image.layers[0].String()); n != 1 {
		t.Errorf("asked %d times for the bad layer before its time, want 1: for its last byte", n)
	}
	wantBad("with its last byte right for the second time", "false")
	e.memory(t).later()
	wantBad("when it was read again", "true")
	f.damage(image.layers[0], flip)
	wantBad("mended, but before its time", "true")
	e.memory(t).later()
	got := e.run(t)
	got.wantReason(t, "")
	got.wantNone(t, "registry_pull_content_bad{")
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_layers_verified{": 2})
}

func TestBadContentIsReadAgainBeforeAnythingElse(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two", "layer three")
	e := f.puller(t, ", max_bytes: 20B", "library/base:1.0")
	f.damage(image.layers[1], flip)
	e.run(t)
	e.memory(t).later()
	f.asked("")
	e.run(t)
	if n := f.asked(image.layers[1].String()); n != 2 {
		t.Errorf("asked %d times for the bad layer, want 2: for its last byte, and all of it", n)
	}
	if !e.memory(t).blobs[blobKey{"library/base", image.layers[1]}].bad.confirmed {
		t.Error("not confirmed")
	}
}

func TestBadContentOfConfigAndManifest(t *testing.T) {
	for _, c := range []struct {
		name, step string
		damage     func(f *fakeRegistry, image fakeImage)
	}{
		{"config", stepConfig, func(f *fakeRegistry, image fakeImage) { f.damage(image.config, flip) }},
		{"manifest of an index", stepManifest, func(f *fakeRegistry, image fakeImage) { flip(f.manifests[image.manifest.String()]) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startRegistry(t)
			f.push("other", "layer one")
			image := f.push("1.0", "layer one", "layer two")
			f.index("1.0", map[string]fakeImage{"linux/amd64": image})
			e := f.puller(t, "", "library/base:1.0", "library/base:other")
			c.damage(f, image)
			e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
			c.damage(f, image) // flipped twice
			got := e.run(t)
			got.wantReason(t, source.ReasonDigestMismatch)
			got.wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
			e.memory(t).later()
			got = e.run(t)
			got.wantReason(t, "")
			got.wantNone(t, "registry_pull_content_bad{")
		})
	}
}

func TestBadContentThatNoTagNeedsAnyLongerIsForgotten(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.lose(image.layers[0])
	e.run(t).wantReason(t, source.ReasonMissingBlob)
	f.push("1.0", "layer two", "layer three")
	got := e.run(t)
	got.wantReason(t, "")
	got.wantNone(t, "registry_pull_content_bad{")
	if n := len(e.memory(t).blobs); n != 3 {
		t.Errorf("%d blobs are remembered, want the config and two layers", n)
	}
}

func TestBadContentIsRememberedWhileNothingCanBeRead(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.lose(image.layers[0])
	e.run(t)
	e.run(t)
	f.answer("1.0", refuseWith(http.StatusBadGateway, ""))
	got := e.run(t)
	got.wantReason(t, source.ReasonServerError)
	got.wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
	got.wantNone(t, "registry_pull_layers{", "registry_pull_bytes{")
}

func TestBadContentOfImagesThatShareIt(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	f.push("2.0", "layer one", "layer three")
	e := f.puller(t, "", "library/base:1.0", "library/base:2.0")
	f.damage(image.layers[0], flip)
	got := e.run(t)
	for _, name := range []string{"library/base:1.0", "library/base:2.0"} {
		about := fmt.Sprintf(`address="%s",role="front",image="%s"`, f.Listener.Addr(), name)
		got.wantSamples(t, map[string]float64{
			"registry_pull_success{" + about:                                   0,
			"registry_pull_content_bad{" + about + `,reason="digest_mismatch"`: 1,
		})
	}
}

func TestPullMemorySurvivesAReload(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", strings.Repeat("large", 10))
	e := f.puller(t, ", max_bytes: 20B", "library/base:1.0")
	e.run(t)
	e.run(t)
	before := e.memory(t).blobs[blobKey{"library/base", image.layers[1]}].partial
	if before == nil {
		t.Fatal("the large layer is not being read")
	}
	e.reload(t)
	if after := e.memory(t).blobs[blobKey{"library/base", image.layers[1]}]; after.partial != before {
		t.Error("the large layer begins anew")
	}
}

func TestARunThatIsStoppedTeachesNothing(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	ctx, cancel := context.WithCancel(t.Context())
	f.lose(image.layers[0])
	f.answer(image.layers[1].String(), func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if e.once(ctx) {
		t.Error("a run that was stopped counts")
	}
	for key, b := range e.memory(t).blobs {
		if b.bad != nil {
			t.Errorf("%s is remembered as bad", key.digest)
		}
	}
}
