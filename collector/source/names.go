package source

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"
)

// namesFor is how long a name from outside is remembered after an answer had it last.
const namesFor = 24 * time.Hour

// Names remembers the values that a source puts into labels from outside, such as the ids of replicas. MaxSamples bounds one
// page; without this, an answer that has other names each time would make series without end.
type Names struct {
	mu   sync.Mutex
	seen map[uint64]time.Time // by the values of all labels from outside of one sample
}

// NewNames remembers nothing yet.
func NewNames() *Names { return &Names{seen: map[uint64]time.Time{}} }

// bounded leaves out samples whose names are new while most others are remembered, such as 500 for a source with
// MaxSamples. Names that are known stay, however many new ones come. Names that are left out are an error.
func (n *Names) bounded(samples []Sample, err error, most int, now time.Time) ([]Sample, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, last := range n.seen {
		if now.Sub(last) > namesFor {
			delete(n.seen, name)
		}
	}
	kept := samples[:0]
	for _, s := range samples {
		if len(s.Metric.outside) > 0 {
			name := s.outsideKey()
			if _, known := n.seen[name]; !known && len(n.seen) >= most {
				continue
			}
			n.seen[name] = now
		}
		kept = append(kept, s)
	}
	if left := len(samples) - len(kept); left > 0 {
		err = errors.Join(Failed(ReasonTooLarge, "%d samples are left out: within a day answers had more than %d different names in them", left, most), err)
	}
	return kept, err
}

// outsideKey hashes the labels from outside: samples of one thing, such as a replica, have the same key.
func (s Sample) outsideKey() uint64 {
	var h maphash.Hash
	h.SetSeed(keySeed)
	for _, i := range s.Metric.outside {
		_, _ = h.WriteString(s.Labels[i])
		_ = h.WriteByte(0xff) // is in no label
	}
	return h.Sum64()
}
