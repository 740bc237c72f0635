package source

import "sync"

// A Keep holds what outlives a reload of the configuration, by what it is about. What nobody asks for any longer
// is left behind.
type Keep struct {
	before, now map[string]any
	Logs        *sync.Mutex // held while a log is read: however many there are, they take one core
}

func NewKeep(before *Keep) *Keep {
	k := &Keep{now: map[string]any{}, Logs: &sync.Mutex{}}
	if before != nil {
		k.Logs = before.Logs
		k.before = before.now
	}
	return k
}

// Kept returns what was kept under a key, or else a fresh one.
func Kept[T any](k *Keep, key string, fresh func() T) T {
	held, found := k.before[key].(T)
	if !found {
		held = fresh()
	}
	k.now[key] = held
	return held
}
