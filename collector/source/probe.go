package source

import (
	"context"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// A Probe runs on a clock of its own, and a scrape gets the last run. It is for work that costs too much for each scrape,
// or that writes something: it pulls or pushes an image, or writes an object.
type Probe struct {
	Every   time.Duration             // from the start of a run to the start of the next, ± 5 %
	Timeout time.Duration             // of one run; 0: Every
	Run     func(context.Context) Run // fills in samples, steps and the error; ends with the context
	track   *track
}

// A Run is the outcome of one run of a probe.
type Run struct {
	Samples []Sample
	Steps   []Step
	Err     error // nil: all went well

	start, End time.Time // zero: no run has ended yet
}

// A Step is one part of a run, for reports. A part that the run did not reach has no step.
type Step struct {
	Name string // such as "manifest", or "library/base:1.0 manifest"
	Took time.Duration
	Err  error  // nil: it went well
	Note string // such as "3 layers, 27 MB"
}

// A track is the part of a probe that outlives a reload of the configuration: the last run, and the lock that lets only
// one run be under way, though the probes of the old and of the new configuration both want to.
type track struct {
	running chan struct{} // holds one item during a run

	mu       sync.Mutex
	last     Run
	overload error     // of a run before the first that counts
	next     time.Time // when the next run is to begin
}

// NewTrack is the track of a probe that has not run yet.
func NewTrack() *track { return &track{running: make(chan struct{}, 1)} }

// Source makes s a source whose readings take the last run of t, and p the probe that runs for it.
func (p *Probe) Source(s *Source, t *track) *Source {
	p.track, s.Probe = t, p
	return s
}

// result is the last run, or one that fails with ReasonPending, or with ReasonExporterOverloaded.
func (t *track) result() Run {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.End.IsZero() && t.overload != nil {
		return Run{Err: t.overload}
	}
	if t.last.End.IsZero() {
		return Run{Err: Failed(ReasonPending, "the first run has not ended yet")}
	}
	return t.last
}

// Once runs the probe, after the run that may be under way. It returns false when ctx ended before the run did: the run
// is dropped.
func (p *Probe) Once(ctx context.Context) bool {
	select {
	case p.track.running <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-p.track.running }()
	limit := p.Timeout
	if limit == 0 {
		limit = p.Every
	}
	limited, cancel := context.WithTimeout(withWaits(ctx), limit)
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
	if ctx.Err() != nil { // the exporter stops or reloads: the registry is not to blame
		return false
	}
	r.End = time.Now()
	p.track.end(r)
	return true
}

// end makes r the last run. A run that met an overloaded exporter says nothing of the registry: the run before it stays the
// last one.
func (t *track) end(r Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := r.overload(); err != nil {
		t.overload = err
		return
	}
	t.last = r
}

// overload is the error of a run, or of one of its steps, with ReasonExporterOverloaded; nil when it has none.
func (r Run) overload() error {
	if isOverloaded(r.Err) {
		return r.Err
	}
	for _, s := range r.Steps {
		if isOverloaded(s.Err) {
			return s.Err
		}
	}
	return nil
}

// Loop runs the probe every Every until begins ends, and ends a run under way with runs. After a reload it counts on from the
// last run. When that failed, or there was none, it begins in its turn, for the new configuration may have mended the fault;
// not so where goesOn says that the configuration is the one before: then the next run keeps its time.
func (p *Probe) Loop(begins, runs context.Context, goesOn bool, turn Turn) {
	next := p.track.due(goesOn)
	if !p.track.isIdle(begins) { // a run of the configuration before goes on
		return
	}
	wait := p.jittered
	if last := p.track.result(); next.IsZero() && last.Err == nil {
		next = last.start.Add(p.jittered())
	} else if next.IsZero() {
		next = time.Now().Add(turn.first(p.Every))
		wait = func() time.Duration { return turn.second(p) }
	}
	for {
		p.track.setDue(next)
		select {
		case <-begins.Done():
			return
		case <-time.After(time.Until(next)):
		}
		next = time.Now().Add(wait())
		wait = p.jittered
		p.track.setDue(next)
		if !p.Once(runs) || begins.Err() != nil {
			return
		}
	}
}

// isIdle waits until no run is under way; false: ctx ended first.
func (t *track) isIdle(ctx context.Context) bool {
	select {
	case t.running <- struct{}{}:
		<-t.running
		return true
	case <-ctx.Done():
		return false
	}
}

// due is when the next run is to begin; zero: that is not known, or not asked for.
func (t *track) due(goesOn bool) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !goesOn {
		return time.Time{}
	}
	return t.next
}

func (t *track) setDue(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = at
}

// jittered is Every ± 5 %, so that the exporters of all sites do not run their probes at the same moment.
func (p *Probe) jittered() time.Duration {
	return p.Every - p.Every/20 + rand.N(p.Every/10+1)
}
