package accesslog

import (
	"math"
	"slices"
)

// The native buckets of a histogram have schema 3: the upper bound of each is 9 % above that of the one before. They reach
// from 1 ms, the least time that a log shows, to 36 hours.
const (
	schema        = 3
	perOctave     = 1 << schema
	firstOctave   = -10
	lastOctave    = 17
	nativeBuckets = (lastOctave - firstOctave) * perOctave
	zeroThreshold = 1.0 / (1 << -firstOctave)
	maxMicros     = 1e6 << lastOctave
)

// classicBounds are in microseconds.
var classicBounds = [...]uint64{
	5e3, 10e3, 25e3, 50e3, 100e3, 250e3, 500e3, 1e6, 25e5, 5e6, 10e6, 20e6, 30e6, 60e6, 120e6, 300e6,
}

const bounds = 1 + nativeBuckets + len(classicBounds)

// upperBounds are the bounds of the classic and the native buckets together, in microseconds, inclusive. A line is counted
// once, and both kinds of buckets are made from these counts.
var upperBounds = allBounds()

func allBounds() (all [bounds]uint64) {
	for i := range nativeBuckets + 1 {
		all[i] = nativeBound(i)
	}
	copy(all[nativeBuckets+1:], classicBounds[:])
	slices.Sort(all[:])
	return all
}

// nativeBound is the upper bound of native bucket i, in microseconds. Bucket 0 is the zero bucket.
func nativeBound(i int) uint64 {
	return uint64(math.Exp2(float64(firstOctave)+float64(i)/perOctave) * 1e6)
}

// durations counts how long the requests of one operation took.
type durations struct {
	counts [bounds]uint64 // not cumulative
	micros uint64
}

func (d *durations) add(micros uint64) {
	micros = min(micros, maxMicros)
	low, high := 0, bounds-1
	for low < high {
		middle := int(uint(low+high) / 2)
		if upperBounds[middle] < micros {
			low = middle + 1
		} else {
			high = middle
		}
	}
	d.counts[low]++
	d.micros += micros
}

func (d *durations) histogram(o operation) Histogram {
	h := Histogram{Operation: o.String(), Sum: seconds(d.micros), Schema: schema, ZeroThreshold: zeroThreshold}
	classic := classicBounds[:]
	native, inBucket := 0, uint64(0)
	gap, last := int32(firstOctave*perOctave+1), int64(0)
	for i, bound := range upperBounds {
		h.Count += d.counts[i]
		inBucket += d.counts[i]
		if len(classic) > 0 && bound == classic[0] {
			h.Buckets = append(h.Buckets, Bucket{seconds(bound), h.Count})
			classic = classic[1:]
		}
		if native > nativeBuckets || bound != nativeBound(native) {
			continue
		}
		switch {
		case native == 0:
			h.ZeroCount = inBucket
		case inBucket == 0:
			gap++
		default:
			if gap != 0 || len(h.Spans) == 0 {
				h.Spans = append(h.Spans, Span{Offset: gap})
				gap = 0
			}
			h.Spans[len(h.Spans)-1].Length++
			h.Deltas = append(h.Deltas, int64(inBucket)-last)
			last = int64(inBucket)
		}
		native, inBucket = native+1, 0
	}
	return h
}

func seconds(micros uint64) float64 { return float64(micros) / 1e6 }
