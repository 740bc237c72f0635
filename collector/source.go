package collector

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

// maxSamples bounds what one source may put on a page, unless it has a bound of its own.
const maxSamples = 1500

// grace is how long after its end a reading may still hand over what it learnt.
const grace = 100 * time.Millisecond

// A source is one thing that one endpoint says about itself.
type source struct {
	collector, endpoint string
	timeout             time.Duration
	down                []sample // what is true when nothing could be learnt
	read                func(context.Context) ([]sample, error)
	probe               *probe     // set: read hands out what the last run found
	companion           *companion // set: it runs while the source is live
	most                int        // samples; 0: maxSamples
	words               words
	mask                func() mask // takes the secrets of its registry out of labels; may be nil

	mu      sync.Mutex
	running *reading
	logged  string // reason of the failure that was logged last
}

// A companion runs beside scrapes as long as its source is live, such as the reader of a log. It outlives a reload that
// is about something else.
type companion struct {
	start func(handover []byte) // from the companion that ran for the same registry before
	stop  func() (handover []byte)
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
	samples  []sample
	last     run // of a probe
	err      error
	duration time.Duration
}

// A result is what a source gives to a page or a report.
type result struct {
	source   *source
	samples  []sample
	last     run // of a probe: the one that samples and err are of
	err      error
	duration time.Duration
}

// get joins the reading under way or starts one of at most timeout, and waits for its end or for that of ctx.
func (s *source) get(ctx context.Context, timeout time.Duration) result {
	r := s.join(min(timeout, s.timeout))
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
	return result{source: s, samples: s.down, err: fmt.Errorf("waiting for an answer: %w", err), duration: time.Since(r.start)}
}

func (s *source) join(timeout time.Duration) *reading {
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
func (s *source) leave(r *reading) {
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

func (s *source) run(r *reading) {
	defer r.cancel()
	defer close(r.done)
	defer func() {
		if p := recover(); p != nil {
			r.samples, r.err = nil, failed(reasonPanic, "panic: %v\n%s", p, debug.Stack())
		}
		r.duration = time.Since(r.start)
		if s.probe != nil {
			r.duration = r.last.end.Sub(r.last.start)
		}
	}()
	if s.probe != nil {
		r.last = s.probe.track.result()
		r.samples, r.err = slices.Clone(r.last.samples), r.last.err
	} else {
		r.samples, r.err = s.read(r.ctx)
	}
	if s.mask != nil {
		r.samples = s.mask().samples(r.samples)
	}
	r.samples, r.err = tidy(r.samples, r.err, cmp.Or(s.most, maxSamples))
}

// noted takes the reason of a result, and is that of the result before.
func (s *source) noted(why string) (before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.logged = s.logged, why
	return before
}

// result takes over what was read, and adds the down samples that it does not replace.
func (s *source) result(ctx context.Context, r *reading) result {
	err := r.err
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, err)
	}
	var missing []sample
	for _, d := range s.down {
		if !has(r.samples, d.metric) {
			missing = append(missing, d)
		}
	}
	return result{s, slices.Concat(r.samples, missing), r.last, err, r.duration}
}

func has(samples []sample, m *metric) bool {
	for _, s := range samples {
		if s.metric == m {
			return true
		}
	}
	return false
}

// tidy drops what would spoil a page: a second sample of the same series, and more than most.
func tidy(samples []sample, err error, most int) ([]sample, error) {
	seen := make(map[uint64]struct{}, min(len(samples), most))
	kept := samples[:0]
	for _, s := range samples {
		if len(kept) == most {
			return kept, errors.Join(failed(reasonTooLarge, "more than %d samples", most), err)
		}
		key := s.key()
		if _, doubled := seen[key]; doubled {
			if err == nil {
				err = failed(reasonBadAnswer, "%s stands twice for %q", s.metric.name, s.labels)
			}
			continue
		}
		seen[key] = struct{}{}
		kept = append(kept, s)
	}
	return kept, err
}
