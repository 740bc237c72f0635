package ask

import (
	"context"
	"slices"
	"sync"
	"time"

	"registry_exporter/collector/source"
)

// Bounds of the requests of the process that are under way. A request is quick until it is slowAfter old, and slow from
// then on: registries that hang hold the slow slots, and leave the quick ones to the others. With maxConnections of clients and
// some 20 files they need less than 1,024 descriptors, which is what a process may have on most machines.
const (
	maxQuick  = 128
	maxSlow   = 352
	slowAfter = time.Second
)

// How many quick slots may be taken when a registry takes one more. When hundreds begin to hang at once, those that have answered
// quickly a short while ago still get to the end of what they began; and once it is known who hangs, the others find a slot at once.
const (
	mostOfSlow   = maxQuick / 2     // its last request was slow
	mostOfOthers = maxQuick * 5 / 8 // nothing is known of it, or it has other requests under way
	mostOfQuick  = maxQuick * 7 / 8 // its last request was not slow
	recently     = 10 * time.Second // it may take the last ones when that was so short a while ago
)

// slots lets requests begin. When all slots are taken, requests wait. The next slot goes to a registry whose last request was
// not slow, before others; among these to the one with the fewest requests under way, and then to the one that got none for
// the longest time. For example, hub has 40 requests waiting and mirror one: mirror is next.
type slots struct {
	mu      sync.Mutex
	parties map[string]*party // by name; those of a configuration that is no longer in force stay, too
	waiting []*party          // those with requests that wait
	quick   int               // taken
	slow    int               // taken
	overdue []*slot           // slow requests in quick slots, since no slow one is free; the oldest first
	turn    uint64            // counts the slots that were given
}

// A party is the requests of one registry, or of one site of it.
type party struct {
	held    int       // slots
	waiting []*slot   // the first is next
	isSlow  bool      // its last answer took longer than slowAfter, or has not come for as long
	quickAt time.Time // when its last request that was not slow had an answer or an error
	turn    uint64    // of its last slot
}

// enter waits for a slot. When ctx ends first, the reason of the error is exporter_overloaded.
func (s *slots) enter(ctx context.Context, registry string) (*slot, error) {
	w := s.queue(registry)
	select {
	case <-w.began:
		return w, nil
	default:
	}
	defer source.Waits(ctx)()
	select {
	case <-w.began:
		return w, nil
	case <-ctx.Done():
	}
	if under, gaveUp := s.giveUp(w); gaveUp {
		return nil, source.Failed(source.ReasonExporterOverloaded, "nothing was asked: %d other requests of the exporter were under way until the end of this reading", under)
	}
	return w, nil
}

// queue adds a request of a registry. It may begin at once.
func (s *slots) queue(registry string) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parties[registry]
	if p == nil {
		p = &party{}
		s.parties[registry] = p
	}
	w := &slot{of: s, party: p, began: make(chan struct{})}
	if len(p.waiting) == 0 {
		s.waiting = append(s.waiting, p)
	}
	p.waiting = append(p.waiting, w)
	s.grant()
	return w
}

// giveUp takes a request out of the queue, and returns how many are under way; false: it got a slot meanwhile.
func (s *slots) giveUp(w *slot) (under int, gaveUp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(w.party.waiting, w)
	if i < 0 {
		return 0, false
	}
	w.party.waiting = slices.Delete(w.party.waiting, i, i+1)
	s.unqueue(w.party)
	return s.quick + s.slow, true
}

// grant gives free slots to those that are next. The caller holds s.mu.
func (s *slots) grant() {
	for p := s.next(); p != nil; p = s.next() {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		s.quick++
		s.turn++
		p.held++
		p.turn = s.turn
		s.unqueue(p)
		w.start = time.Now()
		w.ages = time.AfterFunc(slowAfter, w.grow)
		close(w.began)
	}
}

// next is the party that gets the next quick slot; nil: none may have it.
func (s *slots) next() *party {
	var best *party
	for _, p := range s.waiting {
		if p.mayBegin(s.quick) && (best == nil || p.isBefore(best)) {
			best = p
		}
	}
	return best
}

// mayBegin says whether p may have one of the quick slots, of which so many are taken.
func (p *party) mayBegin(taken int) bool {
	switch {
	case p.isSlow:
		return taken < mostOfSlow
	case p.held > 0, p.quickAt.IsZero():
		return taken < mostOfOthers
	case time.Since(p.quickAt) >= recently:
		return taken < mostOfQuick
	}
	return taken < maxQuick
}

// note notes how long a request of p took until its answer or error.
func (p *party) note(took time.Duration) {
	if p.isSlow = took >= slowAfter; !p.isSlow {
		p.quickAt = time.Now()
	}
}

func (p *party) isBefore(other *party) bool {
	switch {
	case p.isSlow != other.isSlow:
		return other.isSlow
	case p.held != other.held:
		return p.held < other.held
	}
	return p.turn < other.turn
}

// unqueue takes p out of the queue when none of its requests waits. The caller holds s.mu.
func (s *slots) unqueue(p *party) {
	if len(p.waiting) == 0 {
		s.waiting = slices.DeleteFunc(s.waiting, func(one *party) bool { return one == p })
	}
}

// underWay counts the requests that hold a slot, and those that wait for one.
func (s *slots) underWay() (held, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.waiting {
		waiting += len(p.waiting)
	}
	return s.quick + s.slow, waiting
}
