package standin

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// nginx counts the requests that pass through it, and takes each for a connection of its own.
type nginx struct{ requests atomic.Int64 }

// count passes requests on to h.
func (n *nginx) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		h.ServeHTTP(w, r)
	})
}

// status is the page of stub_status.
func (n *nginx) status(w http.ResponseWriter, _ *http.Request) {
	total := n.requests.Load()
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "Active connections: 1 \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: 1 Waiting: 0 \n", total, total, total)
}
