package registry

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"registry_exporter/collector/source"
)

// When the store is down while a bad layer is read again, this does not confirm the layer.
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

// The store goes down during a pull. Layers before this moment are well, those after it come without a byte.
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

// The run after one that found the store down notes no bad content. If the content is bad, the next run notes it.
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

// The store was down for a moment while a layer was read.
func TestAPullWorksAgainWhenTwoRunsHaveSeenSo(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[0].String(), emptied(9))
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.set(nil)
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.answer(image.layers[0].String(), emptied(9)) // one of two backends behind a balancer has lost it
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.set(nil)
	e.run(t).wantReason(t, source.ReasonShortRead)
	got := e.run(t)
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_content_bad{": 1, "registry_pull_layers_verified{": 1})
	e.memory(t).later()
	e.run(t).wantNone(t, "registry_pull_content_bad{")
}

// Two images share a layer, so a run reads it twice. One of two backends behind a balancer has lost it: one read finds it
// bad, the other well. The bad read counts.
func TestContentThatIsWellAndBadInOneRunIsBad(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one")
	f.push("2.0", "layer one", "layer two")
	shared := image.layers[0]
	e := f.puller(t, ", max_bytes: 10B", "library/base:1.0", "library/base:2.0")
	want := func(when string, success float64) {
		t.Helper()
		about := fmt.Sprintf(`registry_pull_success{address="%s",role="front",image="library/base:2.0"`, f.Listener.Addr())
		if got, _ := e.run(t).value(t, about); got != success {
			t.Errorf("%s: %s is %v, want %v", when, about, got, success)
		}
	}
	part := func(w http.ResponseWriter, r *http.Request) { f.wholeOnly(shared)(w, r) }
	n := 0
	emptyAt := func(turns ...int) http.HandlerFunc {
		n = 0
		return func(w http.ResponseWriter, r *http.Request) {
			if n++; slices.Contains(turns, n) {
				emptied(9)(w, r)
			} else {
				part(w, r)
			}
		}
	}
	f.answer(shared.String(), emptyAt(1, 2)) // each end is asked for once more
	want("bad and well", 0)
	f.answer(shared.String(), nil)
	want("well once", 0)
	want("well twice", 1)

	e.memory(t).later()
	f.answer(shared.String(), emptyAt(2, 3)) // its end for the second image; then it is read in full, and well
	e.run(t)
	b := e.memory(t).blobs[blobKey{"library/base", shared}].bad
	if b == nil || !b.confirmed {
		t.Errorf("it was bad again later, and this is known: %+v", b)
	}
}

// The store goes down while a layer is read that was bad long ago. This does not confirm the layer.
func TestBadContentIsNotConfirmedByAStoreThatGoes(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", "layer one", "layer two")
	e := f.puller(t, "", "library/base:1.0")
	f.answer(image.layers[1].String(), emptied(9)) // for this run
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

// Only reading a layer in full shows that it is damaged. When the store goes down meanwhile, the next run after the store
// is back reads the layer in full at once, and not after hours.
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

// A cache in front of the registry has the whole image, with a bad copy of a layer.
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

// A cache in front of the registry has the config, since that is small. Behind it the store is down for a quarter of an
// hour.
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
