package accesslog

import (
	"fmt"
	"math"
	"sort"
	"testing"
)

// Each time is in the classic bucket and in the native bucket it belongs to, by the rules of Prometheus.
func TestDurations(t *testing.T) {
	for _, micros := range []uint64{0, 1, 976, 977, 1000, 1001, 5000, 5001, 999_999, 1_000_000, 1_000_001, 2_000_000, 59_999_999, 300_000_000, 300_000_001, 1 << 36, maxMicros, maxMicros + 1, math.MaxUint64} {
		t.Run(fmt.Sprint(micros), func(t *testing.T) {
			var d durations
			d.add(micros)
			h := d.histogram(ping)
			took := float64(min(micros, maxMicros)) / 1e6
			if h.Count != 1 || h.Sum != took {
				t.Errorf("%d in %v, want 1 in %v", h.Count, h.Sum, took)
			}
			for _, b := range h.Buckets {
				if b.Count == 1 != (took <= b.UpperBound) {
					t.Errorf("bucket up to %v has %d", b.UpperBound, b.Count)
				}
			}
			if took <= h.ZeroThreshold {
				if h.ZeroCount != 1 || len(h.Spans) > 0 {
					t.Error("not in the bucket of zero:", h)
				}
				return
			}
			want := int32(math.Ceil(math.Log2(took) * perOctave))
			if h.ZeroCount != 0 || len(h.Spans) != 1 || h.Spans[0] != (Span{want, 1}) || len(h.Deltas) != 1 || h.Deltas[0] != 1 {
				t.Errorf("native bucket %v %v, want %d", h.Spans, h.Deltas, want)
			}
		})
	}
}

func TestNativeSpans(t *testing.T) {
	var d durations
	for _, micros := range []uint64{0, 1_000_000, 1_000_000, 1_050_000, 1_500_000, 4_000_000, 4_000_000, 4_000_000} {
		d.add(micros)
	}
	h := d.histogram(ping)
	// Buckets 0 (to 1 s), 1 (to 1.09 s), 5 (to 1.54 s) and 16 (to 4 s).
	if got := fmt.Sprint(h.ZeroCount, h.Spans, h.Deltas); got != "1 [{0 2} {3 1} {10 1}] [2 -1 0 2]" {
		t.Error(got)
	}
}

func TestBounds(t *testing.T) {
	if !sort.SliceIsSorted(upperBounds[:], func(i, j int) bool { return upperBounds[i] < upperBounds[j] }) {
		t.Error("not in order")
	}
	if upperBounds[bounds-1] != maxMicros {
		t.Errorf("the last is %d, want %d", upperBounds[bounds-1], uint64(maxMicros))
	}
}
