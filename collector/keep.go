package collector

import (
	"fmt"
	"sync"
)

// A keep holds what outlives a reload of the configuration, by what it is about. What nobody asks for any longer
// is left behind.
type keep struct {
	before, now map[string]any
	core        *sync.Mutex // of all readers of logs together
}

func newKeep(before *keep) *keep {
	k := &keep{now: map[string]any{}, core: &sync.Mutex{}}
	if before != nil {
		k.core = before.core
		k.before = before.now
	}
	return k
}

// kept returns what was kept of the builder's registry and collector about the same things, which are plain values, or
// else a fresh one.
func kept[T any](b *builder, fresh func() T, about ...any) T {
	var kind T
	key := fmt.Sprintf("%T %q %q %q %#v", kind, b.Name, b.Site, b.collector, about)
	held, found := b.keep.before[key].(T)
	if !found {
		held = fresh()
	}
	b.keep.now[key] = held
	return held
}
