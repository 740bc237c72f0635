package testserver

import (
	"net/http"
	"sync"
)

// A Recorder keeps the requests to a server. It is for many goroutines.
type Recorder struct {
	mu   sync.Mutex
	seen []*http.Request
}

// Record keeps each request, without its body, and hands it to next.
func (r *Recorder) Record(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req.Clone(req.Context()))
		r.mu.Unlock()
		next(w, req)
	}
}

// Requests returns the requests since the start or the last call of Clear, in their order.
func (r *Recorder) Requests() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// Clear forgets the requests that have come so far.
func (r *Recorder) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = nil
}

// Carrying returns how many requests have a header.
func (r *Recorder) Carrying(header string) (n int) {
	for _, req := range r.Requests() {
		if req.Header.Get(header) != "" {
			n++
		}
	}
	return n
}
