package collector

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// maxSamples bounds what one source may put on a page.
const maxSamples = 1500

// grace is how long after its deadline a page waits for what the sources learnt until then.
const grace = 100 * time.Millisecond

// A source is one thing that one endpoint says about itself.
type source struct {
	collector, endpoint string
	timeout             time.Duration
	down                []sample // what is true when nothing could be learnt
	read                func(context.Context) ([]sample, error)

	mu      sync.Mutex
	running *reading
	logged  string // reason of the failure that was logged last
}

// A reading is one run of a source. All scrapes that come while it runs share it.
type reading struct {
	done     chan struct{}
	cancel   context.CancelFunc
	waiters  int
	samples  []sample
	err      error
	duration time.Duration
}

// A result is what a source gives to a page.
type result struct {
	source   *source
	samples  []sample
	err      error
	duration time.Duration
}

// get joins the reading under way or starts one, and waits for it until ctx ends.
func (s *source) get(ctx context.Context) result {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	r := s.join()
	select {
	case <-r.done:
		s.leave(r)
		return s.result(ctx, r)
	case <-ctx.Done():
	}
	if s.leave(r) { // it was canceled: it may still hand over what it has
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-r.done:
			return s.result(ctx, r)
		case <-timer.C:
		}
	}
	return result{s, s.down, fmt.Errorf("waiting for an answer: %w", context.Cause(ctx)), time.Since(start)}
}

func (s *source) join() *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		ctx, cancel := context.WithCancel(context.Background())
		s.running = &reading{done: make(chan struct{}), cancel: cancel}
		go s.run(ctx, s.running)
	}
	s.running.waiters++
	return s.running
}

// leave tells that one scrape waits no longer; the last one cancels the reading.
func (s *source) leave(r *reading) (canceled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiters--; r.waiters > 0 {
		return false
	}
	if s.running == r {
		s.running = nil
	}
	r.cancel()
	return true
}

func (s *source) run(ctx context.Context, r *reading) {
	start := time.Now()
	defer close(r.done)
	defer func() {
		if p := recover(); p != nil {
			r.samples, r.err = nil, failed(reasonPanic, "panic: %v\n%s", p, debug.Stack())
		}
		r.duration = time.Since(start)
	}()
	r.samples, r.err = s.read(ctx)
	r.samples, r.err = tidy(r.samples, r.err)
}

// result takes over what was read, and adds the down samples that it does not replace.
func (s *source) result(ctx context.Context, r *reading) result {
	err := r.err
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, err)
	}
	samples := r.samples
	for _, d := range s.down {
		if !has(samples, d.metric) {
			samples = append(samples[:len(samples):len(samples)], d)
		}
	}
	return result{s, samples, err, r.duration}
}

func has(samples []sample, m *metric) bool {
	for _, s := range samples {
		if s.metric == m {
			return true
		}
	}
	return false
}

// tidy drops what would spoil a page: a second sample of the same series, and more than maxSamples.
func tidy(samples []sample, err error) ([]sample, error) {
	seen := make(map[string]struct{}, len(samples))
	kept := samples[:0]
	for _, s := range samples {
		if len(kept) == maxSamples {
			return kept, errors.Join(failed(reasonTooLarge, "more than %d samples", maxSamples), err)
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
