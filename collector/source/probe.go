package source

import (
	"context"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// A Probe is a source that is too dear for each scrape, or that changes something: it runs on a clock of its own,
// and a scrape gets what its last run found.
type Probe struct {
	Every   time.Duration
	Timeout time.Duration // of one run; 0: every
	Run     func(context.Context) Run
	track   *track
}

// A Run is what one run of a probe found.
type Run struct {
	Samples []Sample
	Steps   []Step
	Err     error

	start, End time.Time // zero: there was none
}

// A Step is one thing that a probe did, for the report to people. A step that was not reached is not there.
type Step struct {
	Name string // such as "manifest", or "library/base:1.0 manifest"
	Took time.Duration
	Err  error
	Note string // what was found, such as "3 layers, 27 MB"
}

// A track is what outlives a reload of the configuration: what was found last, and that only one run is under way.
type track struct {
	turn chan struct{} // is full during a run

	mu   sync.Mutex
	last Run
}

func NewTrack() *track { return &track{turn: make(chan struct{}, 1)} }

// Source makes p a source that hands out what t holds.
func (p *Probe) Source(s *Source, t *track) *Source {
	p.track, s.Probe = t, p
	return s
}

func (t *track) result() Run {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.End.IsZero() {
		return Run{Err: Failed(ReasonPending, "the first run has not ended yet")}
	}
	return t.last
}

// Once runs the probe, after the run that may be under way. It returns false when ctx ended before.
func (p *Probe) Once(ctx context.Context) bool {
	select {
	case p.track.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-p.track.turn }()
	limit := p.Timeout
	if limit == 0 {
		limit = p.Every
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := Run{start: time.Now()}
	func() {
		defer func() {
			if v := recover(); v != nil {
				r.Err = Failed(ReasonPanic, "panic: %v\n%s", v, debug.Stack())
			}
		}()
		found := p.Run(limited)
		r.Samples, r.Steps, r.Err = found.Samples, found.Steps, found.Err
	}()
	if ctx.Err() != nil { // we were told to stop: that says nothing about the registry
		return false
	}
	r.End = time.Now()
	p.track.mu.Lock()
	defer p.track.mu.Unlock()
	p.track.last = r
	return true
}

// Loop runs the probe until ctx ends. After a reload the clock goes on, but for what failed: the new
// configuration may have mended it.
func (p *Probe) Loop(ctx context.Context) {
	wait := rand.N(min(p.Every/10, time.Second) + 1)
	if last := p.track.result(); last.Err == nil {
		wait = time.Until(last.start.Add(p.jittered()))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		start := time.Now()
		if !p.Once(ctx) {
			return
		}
		wait = time.Until(start.Add(p.jittered()))
	}
}

// jittered keeps exporters and sites from beating together.
func (p *Probe) jittered() time.Duration {
	return p.Every - p.Every/20 + rand.N(p.Every/10+1)
}
