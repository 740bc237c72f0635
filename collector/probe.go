package collector

import (
	"context"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// A probe is a source that is too dear for each scrape, or that changes something: it runs on a clock of its own,
// and a scrape gets what its last run found.
type probe struct {
	every   time.Duration
	timeout time.Duration // of one run; 0: every
	run     func(context.Context) run
	track   *track
}

// A run is what one run of a probe found.
type run struct {
	samples []sample
	steps   []step
	err     error

	start, end time.Time // zero: there was none
}

// A step is one thing that a probe did, for the report to people. A step that was not reached is not there.
type step struct {
	name string // such as "manifest", or "library/base:1.0 manifest"
	took time.Duration
	err  error
	note string // what was found, such as "3 layers, 27 MB"
}

// A track is what outlives a reload of the configuration: what was found last, and that only one run is under way.
type track struct {
	turn chan struct{} // is full during a run

	mu   sync.Mutex
	last run
}

func newTrack() *track { return &track{turn: make(chan struct{}, 1)} }

// source makes p a source that hands out what t holds.
func (p *probe) source(s *source, t *track) *source {
	p.track, s.probe = t, p
	return s
}

func (t *track) result() run {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.end.IsZero() {
		return run{err: failed(reasonPending, "the first run has not ended yet")}
	}
	return t.last
}

// once runs the probe, after the run that may be under way. It returns false when ctx ended before.
func (p *probe) once(ctx context.Context) bool {
	select {
	case p.track.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-p.track.turn }()
	limit := p.timeout
	if limit == 0 {
		limit = p.every
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := run{start: time.Now()}
	func() {
		defer func() {
			if v := recover(); v != nil {
				r.err = failed(reasonPanic, "panic: %v\n%s", v, debug.Stack())
			}
		}()
		found := p.run(limited)
		r.samples, r.steps, r.err = found.samples, found.steps, found.err
	}()
	if ctx.Err() != nil { // we were told to stop: that says nothing about the registry
		return false
	}
	r.end = time.Now()
	p.track.mu.Lock()
	defer p.track.mu.Unlock()
	p.track.last = r
	return true
}

// loop runs the probe until ctx ends. After a reload the clock goes on, but for what failed: the new
// configuration may have mended it.
func (p *probe) loop(ctx context.Context) {
	wait := rand.N(min(p.every/10, time.Second) + 1)
	if last := p.track.result(); last.err == nil {
		wait = time.Until(last.start.Add(p.jittered()))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		start := time.Now()
		if !p.once(ctx) {
			return
		}
		wait = time.Until(start.Add(p.jittered()))
	}
}

// jittered keeps exporters and sites from beating together.
func (p *probe) jittered() time.Duration {
	return p.every - p.every/20 + rand.N(p.every/10+1)
}
