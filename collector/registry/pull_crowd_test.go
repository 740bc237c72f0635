package registry

import (
	"fmt"
	"testing"
)

// A registry may name a thousand layers, each on another host. A run must not ask for all of them.
func TestARunAsksForAFewHundredLayersInTurn(t *testing.T) {
	f := startRegistry(t)
	var layers []string
	for i := range 1000 {
		layers = append(layers, fmt.Sprintf("layer %d", i))
	}
	image := f.push("1.0", layers...)
	e := f.puller(t, ", max_bytes: 1B", "library/base:1.0")
	asked := map[string]bool{}
	for run := 1; run <= 4; run++ {
		f.Clear()
		e.run(t).wantReason(t, "")
		if n := len(f.Requests()); n > maxEnds+20 {
			t.Errorf("run %d: %d requests", run, n)
		}
		for _, r := range f.Requests() {
			asked[r.URL.Path] = true
		}
	}
	for _, l := range image.layers {
		if !asked["/v2/library/base/blobs/"+l.String()] {
			t.Fatalf("layer %s was not asked for in four runs", l)
		}
	}
}
