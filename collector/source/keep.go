package source

import "sync"

// A Keep holds values that outlive a reload of the configuration, such as the last run of a probe. Each reload makes a
// new Keep of the one before; a value that the new configuration does not ask for is dropped.
type Keep struct {
	before, now map[string]any // by key
	Logs        *sync.Mutex    // held while a log is parsed: however many logs there are, they take one core
}

// NewKeep is the Keep of a configuration; before is that of the configuration in force, nil at the start.
func NewKeep(before *Keep) *Keep {
	k := &Keep{now: map[string]any{}, Logs: &sync.Mutex{}}
	if before != nil {
		k.Logs = before.Logs
		k.before = before.now
	}
	return k
}

// Kept returns the value that k or the Keep before it has under key, or a fresh one when they have none of type T.
func Kept[T any](k *Keep, key string, fresh func() T) T {
	held, found := k.now[key].(T)
	if !found {
		held, found = k.before[key].(T)
	}
	if !found {
		held = fresh()
	}
	k.now[key] = held
	return held
}
