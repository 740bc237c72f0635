package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// MaxSamples bounds what one source may put on a page, unless it has a bound of its own.
const MaxSamples = 1500

// grace is how long after its end a reading may still hand over what it learnt.
const grace = 100 * time.Millisecond

// A Source is one thing that one endpoint says about itself.
type Source struct {
	Collector, Endpoint string
	Timeout             time.Duration
	Down                []Sample // what is true when nothing could be learnt
	Read                func(context.Context) ([]Sample, error)
	Probe               *Probe     // set: read hands out what the last run found
	Companion           *Companion // set: it runs while the source is live
	Most                int        // samples; 0: maxSamples
	Words               Words
	Mask                func() Mask // takes the secrets of its registry out of labels; may be nil

	mu      sync.Mutex
	running *reading
	logged  string // reason of the failure that was logged last
}

// A Companion runs beside scrapes as long as its source is live, such as the reader of a log. It outlives a reload that
// is about something else.
type Companion struct {
	Start func(handover []byte) // from the companion that ran for the same registry before
	Stop  func() (handover []byte)
}

// A reading is one run of a source. Scrapes that come while it runs, and would give it as long, share it:
// its end is before theirs, so that all get what it learnt until then.
type reading struct {
	ctx      context.Context // ends with the reading, after its timeout, or when nobody waits any longer
	cancel   context.CancelFunc
	timeout  time.Duration
	start    time.Time
	waiters  int
	done     chan struct{}
	samples  []Sample
	last     Run // of a probe
	err      error
	duration time.Duration
}

// A Result is what a source gives to a page or a report.
type Result struct {
	Source   *Source
	Samples  []Sample
	Last     Run // of a probe: the one that samples and err are of
	Err      error
	Duration time.Duration
}

// Get joins the reading under way or starts one of at most timeout, and waits for its end or for that of ctx.
func (s *Source) Get(ctx context.Context, timeout time.Duration) Result {
	r := s.join(min(timeout, s.Timeout))
	select {
	case <-r.ctx.Done():
	case <-ctx.Done():
	}
	s.leave(r)
	select {
	case <-r.done:
		return s.result(ctx, r)
	case <-time.After(min(grace, r.timeout/10)):
	}
	err := context.Cause(ctx)
	if err == nil {
		err = context.DeadlineExceeded
	}
	return Result{Source: s, Samples: s.Down, Err: fmt.Errorf("waiting for an answer: %w", err), Duration: time.Since(r.start)}
}

func (s *Source) join(timeout time.Duration) *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.running; r == nil || r.ctx.Err() != nil || r.timeout != timeout {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		s.running = &reading{ctx: ctx, cancel: cancel, timeout: timeout, start: time.Now(), done: make(chan struct{})}
		go s.run(s.running)
	}
	s.running.waiters++
	return s.running
}

// leave tells that one scrape waits no longer; the last one cancels the reading.
func (s *Source) leave(r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiters--; r.waiters > 0 {
		return
	}
	r.cancel()
	if s.running == r {
		s.running = nil
	}
}

func (s *Source) run(r *reading) {
	defer r.cancel()
	defer close(r.done)
	defer func() {
		if p := recover(); p != nil {
			r.samples, r.err = nil, Failed(ReasonPanic, "panic: %v\n%s", p, debug.Stack())
		}
		r.duration = time.Since(r.start)
		if s.Probe != nil {
			r.duration = r.last.End.Sub(r.last.start)
		}
	}()
	if s.Probe != nil {
		r.last = s.Probe.track.result()
		r.samples, r.err = slices.Clone(r.last.Samples), r.last.Err
	} else {
		r.samples, r.err = s.Read(r.ctx)
	}
	if s.Mask != nil {
		r.samples = s.Mask().samples(r.samples)
	}
	r.samples, r.err = tidy(r.samples, r.err, cmp.Or(s.Most, MaxSamples))
}

// Noted takes the reason of a result, and is that of the result before.
func (s *Source) Noted(why string) (before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.logged = s.logged, why
	return before
}

// result takes over what was read, and adds the down samples that it does not replace.
func (s *Source) result(ctx context.Context, r *reading) Result {
	err := r.err
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, err)
	}
	var missing []Sample
	for _, d := range s.Down {
		if !has(r.samples, d.Metric) {
			missing = append(missing, d)
		}
	}
	return Result{s, slices.Concat(r.samples, missing), r.last, err, r.duration}
}

func has(samples []Sample, m *Metric) bool {
	for _, s := range samples {
		if s.Metric.Name == m.Name {
			return true
		}
	}
	return false
}

// tidy drops what would spoil a page: a second sample of the same series, and more than most.
func tidy(samples []Sample, err error, most int) ([]Sample, error) {
	seen := make(map[uint64]struct{}, min(len(samples), most))
	kept := samples[:0]
	for _, s := range samples {
		if len(kept) == most {
			return kept, errors.Join(Failed(ReasonTooLarge, "more than %d samples", most), err)
		}
		key := s.Key()
		if _, doubled := seen[key]; doubled {
			if err == nil {
				err = Failed(ReasonBadAnswer, "%s stands twice for %q", s.Metric.Name, s.Labels)
			}
			continue
		}
		seen[key] = struct{}{}
		kept = append(kept, s)
	}
	return kept, err
}
