package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// memory is what is remembered behind the front of the only registry.
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

// later makes everything bad due to be read again.
func (c *content) later() {
	for _, b := range c.blobs {
		if b.bad != nil {
			b.bad.again = time.Time{}
		}
	}
}

// asked counts the requests for whatever ends a path, since the last call.
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
		about := fmt.Sprintf(`endpoint="%s",role="front",image="library/base:1.0"`, f.Listener.Addr())
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

// A store that is down when something is to be read again confirms nothing.
func TestBadContentIsNotConfirmedByAStoreThatIsGone(t *testing.T) {
	for name, gone := range map[string]func(length int) http.HandlerFunc{
		"no bytes": emptied,
		"errors":   func(int) http.HandlerFunc { return refuseWith(http.StatusInternalServerError, "UNKNOWN") },
	} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			image := f.push("1.0", "layer one", "layer two")
			e := f.puller(t, "", "library/base:1.0")
			f.lose(image.layers[0])
			e.run(t)
			e.run(t)
			e.memory(t).later()
			f.answer(image.config.String(), gone(len(f.blobs[image.config])))
			f.answer(image.layers[0].String(), gone(9))
			f.answer(image.layers[1].String(), gone(9))
			e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
			if e.memory(t).blobs[blobKey{"library/base", image.layers[0]}].bad.confirmed {
				t.Error("confirmed")
			}
		})
	}
}

// A pull that is under way when the store goes sees some of it well and the rest without a byte.
func TestContentIsNotToBlameForAStoreThatGoes(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[1].String(), emptied(9))
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 0, "registry_pull_content_bad{": 1})
	f.answer(image.config.String(), emptied(len(f.blobs[image.config])))
	f.answer(image.layers[0].String(), emptied(9))
	got := e.run(t)
	got.wantReason(t, source.ReasonShortRead)
	got.wantNone(t, "registry_pull_content_bad{")
	f.set(nil)
	e.run(t).wantReason(t, "")
}

// What is bad while the store comes back is so at the next run, too, if it is to blame.
func TestContentIsNotToBlameForAStoreThatComesBack(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer("1.0", refuseWith(http.StatusBadGateway, ""))
	e.run(t).wantReason(t, source.ReasonServerError)
	f.answer("1.0", nil)
	f.answer(image.layers[0].String(), emptied(9))
	got := e.run(t)
	got.wantReason(t, source.ReasonShortRead)
	got.wantNone(t, "registry_pull_content_bad{")
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
}

// The store was gone for a moment while a layer was read.
func TestAPullWorksAgainWhenTwoRunsHaveSeenSo(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[0].String(), emptied(9))
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.set(nil)
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.answer(image.layers[0].String(), emptied(9)) // one of two behind a balancer has it
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.set(nil)
	e.run(t).wantReason(t, source.ReasonShortRead)
	got := e.run(t)
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_content_bad{": 1, "registry_pull_layers_verified{": 1})
	e.memory(t).later()
	e.run(t).wantNone(t, "registry_pull_content_bad{")
}

// byTurns answers as two do behind a balancer: the first request is for the first of them.
func byTurns(first, second http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 {
			first(w, r)
		} else {
			second(w, r)
		}
	}
}

// What two images share is read twice in a run. One of two behind a balancer has it: that a run has seen it bad counts.
func TestContentThatIsWellAndBadInOneRunIsBad(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	f.push("2.0", "layer one", "layer two")
	shared := image.layers[0]
	e := f.puller(t, ", max_bytes: 10B", "library/base:1.0", "library/base:2.0")
	want := func(when string, success float64) {
		t.Helper()
		about := fmt.Sprintf(`registry_pull_success{endpoint="%s",role="front",image="library/base:2.0"`, f.Listener.Addr())
		if got, _ := e.run(t).value(t, about); got != success {
			t.Errorf("%s: %s is %v, want %v", when, about, got, success)
		}
	}
	part := func(w http.ResponseWriter, r *http.Request) { f.wholeOnly(shared)(w, r) }
	f.answer(shared.String(), byTurns(emptied(9), part))
	want("bad and well", 0)
	f.answer(shared.String(), nil)
	want("well once", 0)
	want("well twice", 1)

	e.memory(t).later()
	n := 0
	f.answer(shared.String(), func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 2 { // its end for the second image; then it is read in full, and well
			emptied(9)(w, r)
		} else {
			part(w, r)
		}
	})
	e.run(t)
	b := e.memory(t).blobs[blobKey{"library/base", shared}].bad
	if b == nil || !b.confirmed {
		t.Errorf("it was bad again later, and this is known: %+v", b)
	}
}

// A store that goes while a layer is read that was bad long ago confirms nothing.
func TestBadContentIsNotConfirmedByAStoreThatGoes(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[1].String(), emptied(9)) // for a moment
	e.run(t)
	f.set(nil)
	e.run(t)
	e.memory(t).later()
	f.answer(image.layers[1].String(), emptied(9))
	e.run(t)
	f.answer(image.config.String(), emptied(len(f.blobs[image.config])))
	f.answer(image.layers[0].String(), emptied(9))
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
	if b := e.memory(t).blobs[blobKey{"library/base", image.layers[1]}].bad; b.confirmed {
		t.Error("confirmed")
	}
	f.set(nil)
	e.run(t)
	e.run(t).wantNone(t, "registry_pull_content_bad{")
}

// What only reading in full shows waits for no second turn when the store goes or comes back meanwhile: that may be hours later.
func TestContentThatWasNotToBlameIsReadAgainAtOnce(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two", "layer six", "layer ten")
	e := f.puller(t, ", max_bytes: 10B", "library/base:1.0")
	f.damage(image.layers[0], flip)
	e.run(t).wantReason(t, source.ReasonDigestMismatch)
	f.answer("1.0", refuseWith(http.StatusBadGateway, ""))
	e.run(t).wantNone(t, "registry_pull_content_bad{")
	f.answer("1.0", nil)
	e.run(t).wantReason(t, source.ReasonDigestMismatch) // the store has just come back
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
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
		about := fmt.Sprintf(`endpoint="%s",role="front",image="%s"`, f.Listener.Addr(), name)
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

// A cache on the way has all of the image, and a bad copy of a layer.
func TestABadCopyInACacheThatHasAllIsContent(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.damage(image.layers[0], flip)
	for _, d := range append(image.layers, image.config) {
		whole := f.wholeOnly(d)
		f.answer(d.String(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Cache-Status", "HIT")
			whole(w, r)
		})
	}
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1})
}

// A cache on the way has the configuration, as it is small: the store is gone for a quarter of an hour all the same.
func TestAStoreThatIsGoneBehindACachedConfigConfirmsNothing(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	e.run(t).wantReason(t, "")
	for _, l := range image.layers {
		f.answer(l.String(), emptied(9))
	}
	config := f.wholeOnly(image.config)
	f.answer(image.config.String(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Cache-Status", "HIT")
		config(w, r)
	})
	e.run(t)
	e.memory(t).later()
	e.run(t)
	for key, b := range e.memory(t).blobs {
		if b.bad != nil && b.bad.confirmed {
			t.Errorf("%s is confirmed: RegistryContentBad goes out", key.digest)
		}
	}
}
