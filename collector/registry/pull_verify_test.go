package registry

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/opencontainers/go-digest"
)

func TestAllLayersAreReadInFullInTurn(t *testing.T) {
	f := startRegistry(t)
	f.push("1.0", "layer one", "layer two", "layer three", "layer four")
	f.push("2.0", "layer five", "layer one")
	e := f.puller(t, ", max_bytes: 12B", "library/base:1.0", "library/base:2.0")
	for i := 1; i <= 5; i++ {
		e.run(t).wantReason(t, "")
		verified := map[digest.Digest]bool{}
		for key, b := range e.memory(t).blobs {
			if !b.verified.IsZero() {
				verified[key.digest] = true
			}
		}
		if len(verified) != i {
			t.Fatalf("%d layers of %d are verified after as many runs", len(verified), i)
		}
	}
}

func TestLargeLayersAreReadInParts(t *testing.T) {
	f := startRegistry(t)
	large := strings.Repeat("0123456789", 1000)
	image := f.push("1.0", large)
	e := f.puller(t, ", max_bytes: 3000B", "library/base:1.0")
	for i, want := range []float64{0, 0, 0, 1} {
		got := e.run(t)
		got.wantReason(t, "")
		if n, _ := got.value(t, "registry_pull_layers_verified{"); n != want {
			t.Errorf("%v layers verified after run %d, want %v", n, i, want)
		}
	}
	f.damage(image.layers[0], func(b []byte) []byte { b[5000] ^= 1; return b })
	for range 3 {
		e.run(t).wantReason(t, "")
	}
	got := e.run(t)
	got.wantReason(t, source.ReasonDigestMismatch)
	got.wantSamples(t, map[string]float64{"registry_pull_content_bad{": 1, "registry_pull_layers_verified{": 0})
}

func TestALargeLayerBeginsAnewWhenTheTagMoves(t *testing.T) {
	f := startRegistry(t)
	f.push("1.0", strings.Repeat("a", 100))
	e := f.puller(t, ", max_bytes: 60B", "library/base:1.0")
	e.run(t)
	moved := f.push("1.0", strings.Repeat("b", 100))
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_layers_verified{": 0})
	if part := e.memory(t).blobs[blobKey{"library/base", moved.layers[0]}].partial; part == nil || part.offset != 60 {
		t.Errorf("of the new layer this was read: %v", part)
	}
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_layers_verified{": 1, "registry_pull_success{": 1})
}

// The bytes that came before a connection broke are not read again.
func TestALargeLayerGoesOnWhereAConnectionBroke(t *testing.T) {
	f := startRegistry(t)
	large := strings.Repeat("0123456789", 10)
	image := f.push("1.0", large)
	e := f.puller(t, ", max_bytes: 60B", "library/base:1.0")
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "bytes=99-99" {
			respond(http.Header{"Content-Range": {"bytes 99-99/100"}}, http.StatusPartialContent, "9")(w, r)
			return
		}
		if r.Header.Get("Range") == "bytes=0-59" {
			w.Header().Set("Content-Range", "bytes 0-59/100")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, large[:30])
			_ = http.NewResponseController(w).Flush()
		}
		conn, _, _ := http.NewResponseController(w).Hijack()
		testserver.Reset(conn)
	})
	e.run(t).wantReason(t, source.ReasonReset)
	f.answer(image.layers[0].String(), nil)
	e.run(t).wantReason(t, "")
	e.run(t).wantSamples(t, map[string]float64{"registry_pull_layers_verified{": 1})
}

func TestABadLayerOfAServerThatIgnoresRangesCanBeWellAgain(t *testing.T) {
	f := startRegistry(t)
	image := f.push("1.0", strings.Repeat("0123456789", 10), "layer two")
	e := f.puller(t, ", max_bytes: 60B", "library/base:1.0")
	whole := f.wholeOnly(image.layers[0])
	f.answer(image.layers[0].String(), emptied(100))
	e.run(t).wantReason(t, source.ReasonShortRead)
	f.answer(image.layers[0].String(), whole)
	e.run(t).wantReason(t, source.ReasonShortRead)
	e.memory(t).later()
	got := e.run(t)
	got.wantReason(t, "")
	got.wantNone(t, "registry_pull_content_bad{")
}

// A connection was cut once while a layer was read in full, as a restart of nginx does.
func TestALayerThatWasCutOnceIsReadOnceMore(t *testing.T) {
	large := strings.Repeat("0123456789", 10)
	for name, c := range map[string]struct {
		layer, cut string // cut is the Range of the request whose answer is cut
	}{"in one go": {"layer one", ""}, "in parts": {large, "bytes=0-59"}} {
		t.Run(name, func(t *testing.T) {
			f := startRegistry(t)
			image := f.push("1.0", c.layer, "layer two")
			e := f.puller(t, ", max_bytes: 60B", "library/base:1.0")
			var cut atomic.Int64
			f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == c.cut && cut.Add(1) == 1 {
					w.Header().Set("Content-Length", "60")
					if c.cut == "" {
						w.Header().Set("Content-Length", "9")
					} else {
						w.Header().Set("Content-Range", "bytes 0-59/100")
						w.WriteHeader(http.StatusPartialContent)
					}
					fmt.Fprint(w, c.layer[:5])
					return
				}
				http.ServeContent(w, r, "", time.Time{}, strings.NewReader(c.layer))
			})
			e.run(t).wantReason(t, "")
			if n := cut.Load(); n == 0 {
				t.Error("nothing was cut")
			}
			e.run(t).wantSamples(t, map[string]float64{"registry_pull_success{": 1, "registry_pull_layers_verified{": 2})
		})
	}
}
