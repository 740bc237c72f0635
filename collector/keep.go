package collector

import "sync"

// A keep holds what outlives a reload of the configuration, by what it is about. What nobody asks for any longer
// is left behind.
type keep struct {
	before, now map[string]any
	logs        *sync.Mutex // held while a log is read: however many there are, they take one core
}

func newKeep(before *keep) *keep {
	k := &keep{now: map[string]any{}, logs: &sync.Mutex{}}
	if before != nil {
		k.logs = before.logs
		k.before = before.now
	}
	return k
}

// keptAs returns what was kept under a key, or else a fresh one.
func keptAs[T any](k *keep, key string, fresh func() T) T {
	held, found := k.before[key].(T)
	if !found {
		held = fresh()
	}
	k.now[key] = held
	return held
}
