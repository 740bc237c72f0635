package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// slowly sends a byte every now and then.
func slowly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(10 * time.Millisecond):
		case <-r.Context().Done():
		}
	}
}

func TestAnImageThatHangsTakesNothingFromTheOthers(t *testing.T) {
	for name, hanging := range map[string]http.HandlerFunc{"no answer": testserver.Hang, "a byte now and then": slowly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startRegistry(t)
			f.push("1.0", "layer one")
			f.push("2.0", "layer two")
			f.answer("bad", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", mediaTypeManifest)
				hanging(w, r)
			})
			e := f.puller(t, "", "library/base:bad", "library/base:1.0", "library/worse:bad", "library/base:2.0")
			e.probe().Timeout = 4 * time.Second
			start := time.Now()
			got := e.run(t)
			if took := time.Since(start); took > 12*time.Second {
				t.Errorf("took %s of 4s", took)
			}
			for image, want := range map[string]float64{"library/base:bad": 0, "library/base:1.0": 1, "library/worse:bad": 0, "library/base:2.0": 1} {
				about := fmt.Sprintf(`address="%s",role="front",image="%s"`, f.Listener.Addr(), image)
				got.wantSamples(t, map[string]float64{"registry_pull_success{" + about: want})
				if want == 1 {
					got.wantSamples(t, map[string]float64{"registry_pull_layers_verified{" + about: 1})
				} else {
					got.wantSamples(t, map[string]float64{"registry_pull_failure{" + about + `,step="manifest",reason="timeout",cache=`: 1})
				}
			}
		})
	}
}

// When only the end of a layer comes in time, the step fails, and the layer does not count as bad.
func TestALayerThatTakesForEver(t *testing.T) {
	t.Parallel()
	f := startRegistry(t)
	large := strings.Repeat("x", 1000)
	image := f.push("1.0", large)
	e := f.puller(t, "", "library/base:1.0")
	e.probe().Timeout = 2 * time.Second
	f.answer(image.layers[0].String(), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(large))
			return
		}
		slowly(w, r)
	})
	got := e.run(t)
	got.wantReason(t, source.ReasonTimeout)
	got.wantNone(t, "registry_pull_content_bad{")
	if text := e.last(t).Err.Error(); !strings.Contains(text, "of 1000 bytes came") {
		t.Errorf("the error does not say how much came: %s", text)
	}
}
