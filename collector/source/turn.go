package source

import (
	"math/rand/v2"
	"time"
)

// Up to fewProbes begin at once; more wait for each other, so that 1,000 do not ask, push and pull all in the same second.
const (
	fewProbes   = 10
	betweenRuns = 100 * time.Millisecond // from the first run of a probe to that of the next
)

// A Turn is the place of a probe among those that begin when the exporter starts, or reads another configuration.
type Turn struct {
	Place int // from 0
	Of    int // how many begin
}

// window is the time in which all first runs begin; such as one second for 10 probes, and a minute for 600 whose Every is one
// minute or more. It is at most every.
func (t Turn) window(every time.Duration) time.Duration {
	return min(every, min(every/10, time.Second)+betweenRuns*time.Duration(max(t.Of-fewProbes, 0)))
}

// first is the time until the first run.
func (t Turn) first(every time.Duration) time.Duration {
	window := t.window(every)
	return (window*time.Duration(t.Place) + rand.N(window+1)) / time.Duration(max(t.Of, 1))
}

// second is the time from the first run to the second. Where many have begun within a part of Every, it is anything between half of
// Every and one and a half: from then on the runs are spread over Every.
func (t Turn) second(p *Probe) time.Duration {
	if t.Of <= fewProbes || t.window(p.Every) == p.Every {
		return p.jittered()
	}
	return p.Every/2 + rand.N(p.Every+1)
}
