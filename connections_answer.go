package main

import (
	"net/http"
	"time"
)

const (
	// stallTime is how long a client may take nothing of its answer.
	stallTime = 30 * time.Second
	// stallBytes is what a client has to take in stallTime.
	stallBytes = 16 << 10
)

// An answer is a response whose client may stall no longer than stall: each part of stallBytes has that time of its own. A client that
// reads nothing ends long before the time for the whole answer is over.
type answer struct {
	http.ResponseWriter
	stall time.Duration
	end   time.Time // of the time for the whole answer
}

// Write implements http.ResponseWriter. Between two calls only the time for the whole answer counts: the handler may take long itself.
func (a *answer) Write(text []byte) (written int, err error) {
	for {
		part := text[written:min(len(text), written+stallBytes)]
		a.mayStall()
		n, err := a.ResponseWriter.Write(part)
		if written += n; err != nil {
			return written, err
		}
		if written == len(text) {
			a.deadline(a.end)
			return written, nil
		}
	}
}

// mayStall gives the client the time stall for what is written next.
func (a *answer) mayStall() {
	next := time.Now().Add(a.stall)
	if next.After(a.end) {
		next = a.end
	}
	a.deadline(next)
}

// SetWriteDeadline sets the end of the time for the whole answer, for http.ResponseController.
func (a *answer) SetWriteDeadline(end time.Time) error {
	a.end = end
	return http.NewResponseController(a.ResponseWriter).SetWriteDeadline(end)
}

// deadline fails for writers that are no connection; those have no client that stalls.
func (a *answer) deadline(at time.Time) {
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(at)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
