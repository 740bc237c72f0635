package collector

import (
	"maps"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// The log names a client whose scrapes are refused once in refusedEvery, and maxRefused clients at most in that time: the counter
// has the others.
const (
	refusedEvery = time.Minute
	maxRefused   = 100
)

// refused are the clients that the log has named a short while ago. The zero value is ready.
type refused struct {
	mu    sync.Mutex
	named map[string]time.Time // when, by client
}

// isNew says whether the log is to name a client now.
func (r *refused) isNew(client string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.named[client]) < refusedEvery {
		return false
	}
	if len(r.named) >= maxRefused {
		maps.DeleteFunc(r.named, func(_ string, at time.Time) bool { return now.Sub(at) >= refusedEvery })
	}
	if len(r.named) >= maxRefused {
		return false
	}
	if r.named == nil {
		r.named = map[string]time.Time{}
	}
	r.named[client] = now
	return true
}

// noteRefused counts a scrape that is refused, and names its client in the log. own and all are the scrapes under way, of that client
// and of everybody, this one too; most may be under way at once.
func (e *Exporter) noteRefused(client string, own, all, most int) {
	e.scrapesRejected.Inc()
	if e.refused.isNew(client, time.Now()) {
		_ = level.Warn(e.opts.Logger).Log("msg", "a scrape is refused: too many at once", "client", client, "of_client", own, "of_all", all, "most", most, "most_of_client", most*3/4)
	}
}
