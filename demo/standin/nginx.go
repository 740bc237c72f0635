package standin

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// nginx counts requests for stub_status. It counts a connection for each request.
type nginx struct{ requests atomic.Int64 }

// count counts a request and passes it on to h.
func (n *nginx) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		h.ServeHTTP(w, r)
	})
}

// status is the page stub_status.
func (n *nginx) status(w http.ResponseWriter, _ *http.Request) {
	total := n.requests.Load()
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "Active connections: 1 \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: 1 Waiting: 0 \n", total, total, total)
}
