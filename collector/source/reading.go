package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// grace is how long after its end a reading may still return what it has learnt.
const grace = 100 * time.Millisecond

// maxAtOnce bounds the readings of one source that are under way: each may hold megabytes of an answer, and asks with the
// account of the configuration, whoever scrapes.
const maxAtOnce = 2

// A reading is one call of Source.Read, or one look at the last run of a probe. Scrapes that join it while it is under
// way get the same samples. It goes on when they hang up, for the next ones to join: a client that hangs up early makes no more
// readings than one that waits. It has the timeout of the scrape that started it, and scrapes with the same one join it, so that it
// ends before any of them does. With other timeouts there are two readings at once, and no more: a third scrape joins one.
//
//	0 s   scrape A, timeout 10 s, starts a reading
//	7 s   scrape B, timeout 10 s, joins it; scrape C, timeout 2 s, starts another
//	8 s   scrape D, timeout 5 s, joins that of A, which ends at 10 s
//	10 s  the first reading ends, and A, B and D get what it has learnt; scrape E starts another
type reading struct {
	ctx      context.Context // ends with the timeout, or when the time of the last waiter is over
	cancel   context.CancelFunc
	timeout  time.Duration
	start    time.Time
	waiters  int           // scrapes; guarded by Source.mu
	minAge   time.Duration // how long it is given again; guarded by Source.mu
	done     chan struct{} // closed once the fields below are set
	samples  []Sample
	last     Run // of a probe
	err      error
	duration time.Duration
}

// Get joins a reading under way, or starts one. It waits until the reading, the timeout or ctx ends. The timeout is that of the
// source when that is shorter.
func (s *Source) Get(ctx context.Context, timeout time.Duration) Result {
	return s.GetRecent(ctx, timeout, 0)
}

// GetRecent is Get, and gives a reading again that has ended less than minAge ago, unless its time was over: two Prometheis
// whose scrapes come one after the other ask once. Those that read have the same minAge, or 0.
func (s *Source) GetRecent(ctx context.Context, timeout, minAge time.Duration) Result {
	timeout = min(timeout, s.Timeout)
	r, again := s.join(timeout, minAge)
	if again {
		return s.result(ctx, r)
	}
	var over <-chan time.Time // the reading ends later than this scrape
	if r.timeout != timeout {
		over = time.After(timeout)
	}
	select {
	case <-r.ctx.Done():
	case <-ctx.Done():
	case <-over:
	}
	wait := min(grace, timeout/10)
	if isHungUp(ctx) && s.Probe == nil { // the last run of a probe is looked at in no time
		wait = 0
	}
	s.leave(r, isHungUp(ctx))
	select {
	case <-r.done:
		return s.result(ctx, r)
	case <-time.After(wait):
	}
	err := context.Cause(ctx)
	if err == nil {
		err = context.DeadlineExceeded
	}
	return Result{Source: s, Samples: s.missing(nil, Run{}, err), Err: fmt.Errorf("waiting for an answer: %w", err), Duration: time.Since(r.start)}
}

// join is the reading that ended less than minAge ago (again), or one that is under way.
func (s *Source) join(timeout, minAge time.Duration) (r *reading, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if minAge > 0 && s.recent != nil {
		return s.recent, true
	}
	s.running = slices.DeleteFunc(s.running, func(r *reading) bool { return r.ctx.Err() != nil })
	r = s.joinable(timeout)
	if r == nil {
		ctx, cancel := context.WithTimeout(withWaits(context.Background()), timeout)
		r = &reading{ctx: ctx, cancel: cancel, timeout: timeout, start: time.Now(), done: make(chan struct{})}
		s.running = append(s.running, r)
		go s.read(r)
	}
	r.waiters++
	r.minAge = max(r.minAge, minAge)
	return r, false
}

// keep has r given again for its minAge, unless it was cut off, or nobody knows how the address is.
func (s *Source) keep(r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.minAge == 0 || r.ctx.Err() != nil || isOverloaded(r.err) {
		return
	}
	s.recent = r
	time.AfterFunc(r.minAge, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.recent == r {
			s.recent = nil
		}
	})
}

// joinable is the reading with the same timeout; or, with maxAtOnce under way, the one that ends last of those that end before
// the scrape does, or else the one that ends first. It is nil when another may start.
func (s *Source) joinable(timeout time.Duration) *reading {
	for _, r := range s.running {
		if r.timeout == timeout {
			return r
		}
	}
	if len(s.running) < maxAtOnce {
		return nil
	}
	end := func(r *reading) time.Time { return r.start.Add(r.timeout) }
	slices.SortFunc(s.running, func(a, b *reading) int { return end(b).Compare(end(a)) })
	own := time.Now().Add(timeout)
	for _, r := range s.running {
		if !end(r).After(own) {
			return r
		}
	}
	return s.running[len(s.running)-1]
}

// isHungUp says whether the client of a scrape has gone, and not its time.
func isHungUp(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

// leave takes one waiter off. Without waiters the reading is canceled, unless the last one has hung up.
func (s *Source) leave(r *reading, hungUp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiters--; r.waiters > 0 || hungUp {
		return
	}
	r.cancel()
	s.running = slices.DeleteFunc(s.running, func(one *reading) bool { return one == r })
}

// read fills r, and closes r.done.
func (s *Source) read(r *reading) {
	defer r.cancel()
	defer close(r.done)
	if s.Probe == nil { // the last run of a probe is looked at in no time
		defer s.keep(r)
	}
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
	most := cmp.Or(s.Most, MaxSamples)
	if s.Names != nil {
		r.samples, r.err = s.Names.bounded(r.samples, r.err, most/3, time.Now())
	}
	r.samples, r.err = tidy(r.samples, r.err, most)
	s.noteSuccess(r)
}

// result is what r gives to a scrape: its samples, and those of Down that it lacks. A reading that was canceled because
// the time of the scrape was over is a timeout.
func (s *Source) result(ctx context.Context, r *reading) Result {
	err := r.err
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, err)
	}
	samples := slices.Concat(r.samples, s.missing(r.samples, r.last, err))
	if s.Probe != nil && s.Probe.isStale(r.last, time.Now()) {
		samples = withoutSuccess(samples)
	}
	return Result{s, samples, r.last, err, r.duration, s.workedBefore(err, time.Now())}
}

// missing are the samples of Down whose metric samples have none of. A probe has none before its first run has ended: a
// 0 that nobody measured would count as an outage in every average over a restart. For the same reason no 0 is added after a
// reading that failed since the exporter is overloaded.
func (s *Source) missing(samples []Sample, last Run, err error) []Sample {
	if s.Probe != nil && last.End.IsZero() {
		return nil
	}
	var missing []Sample
	for _, d := range s.Down {
		if !has(samples, d.Metric) && (d.Value != 0 || !isOverloaded(err)) {
			missing = append(missing, d)
		}
	}
	return missing
}

func has(samples []Sample, m *Metric) bool {
	return slices.ContainsFunc(samples, func(s Sample) bool { return s.Metric.Name == m.Name })
}

// tidy drops the second sample of a series, and all samples after the first most. Either is an error.
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
