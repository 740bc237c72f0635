package source

import (
	"context"
	"sync"
	"time"
)

// waits are how long the requests of one reading, or of one run of a probe, have waited for the exporter itself: for other
// requests to end. The time is the exporter's, and not that of the address.
type waits struct {
	mu      sync.Mutex
	start   time.Time // of the reading
	waiting int       // requests that wait now
	since   time.Time // when the first of them began to wait
	waited  time.Duration
}

type waitsKey struct{}

// withWaits is the context of a reading that begins now.
func withWaits(ctx context.Context) context.Context {
	return context.WithValue(ctx, waitsKey{}, &waits{start: time.Now()})
}

// Waits notes that a request of the reading waits for other requests, until the caller calls done.
func Waits(ctx context.Context) (done func()) {
	w, found := ctx.Value(waitsKey{}).(*waits)
	if !found {
		return func() {}
	}
	w.add(1)
	return func() { w.add(-1) }
}

func (w *waits) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == 0 {
		w.since = time.Now()
	}
	if w.waiting += n; w.waiting == 0 {
		w.waited += time.Since(w.since)
	}
}

// IsWaitedOut says whether the reading has ended, and its requests have waited for half of its time or more: then
// the exporter was too slow, and nobody knows how the address is.
//
//	waited 6 s, asked 3.5 s, no answer   the exporter is overloaded
//	waited 2 s, asked 7.5 s, no answer   the address does not answer
func IsWaitedOut(ctx context.Context) bool {
	w, found := ctx.Value(waitsKey{}).(*waits)
	if !found || ctx.Err() == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	waited := w.waited
	if w.waiting > 0 {
		waited += time.Since(w.since)
	}
	return waited > 0 && waited >= time.Since(w.start)/2
}
