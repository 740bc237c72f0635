package durable

import (
	"sync"
	"time"
)

// Patience is how long a run of a probe waits for its file.
const Patience = time.Second

// Beside works with files beside its callers, one at a time: a disk may hang, which no context ends. The zero value is ready.
type Beside struct{ busy sync.Mutex }

// Do says whether work has ended without an error within the limit. A work that takes longer goes on, and until it ends Do does
// nothing else and returns false at once.
func (b *Beside) Do(limit time.Duration, work func() error) bool {
	if !b.busy.TryLock() {
		return false
	}
	done := make(chan bool, 1)
	go func() {
		err := work()
		b.busy.Unlock()
		done <- err == nil
	}()
	select {
	case well := <-done:
		return well
	case <-time.After(limit):
		return false
	}
}
