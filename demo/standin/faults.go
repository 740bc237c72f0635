package standin

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// A Fault is one way to break a part of the demo.
type Fault struct{ Name, What string }

// Table lists every fault. The code of the part that a fault breaks has its effect.
var Table = []Fault{
	{"everything", "all that is asked refuses connections"},

	{"replica-refuses", "msr: replica 2 refuses connections"},
	{"replica-hangs", "msr: replica 3 takes connections and never answers"},
	{"ping-registry", "msr: replica 1 says that its registry is ill"},
	{"ping-auth", "msr: replica 1 says that its authorization (garant) is ill"},
	{"ping-metadata", "msr: replica 1 says that its metadata (RethinkDB) is ill"},
	{"ping-trust", "msr: replica 1 says that its content trust (notary) is ill"},
	{"one-server-killed", "msr: the RethinkDB server of replica 1 is gone; the verdict on it is not renewed"},
	{"one-server-just-killed", "msr: the same one second after"},
	{"one-server-long-killed", "msr: the same a minute after"},
	{"one-server-hung", "msr: the RethinkDB server of replica 1 hangs, cluster_status takes 13 s"},
	{"majority-lost", "msr: two of three RethinkDB servers are gone, nothing can be written"},
	{"views-differ", "msr: the RethinkDB servers of replicas 2 and 3 cannot see each other"},
	{"backfilling", "msr: a RethinkDB server came back, some tables take no writes yet"},
	{"table-lost", "msr: a table has lost its only replica"},
	{"cluster-status-401", "msr: the password of the admin is changed, but not the exporter's file"},
	{"cluster-status-503", "msr: cluster_status is unavailable"},
	{"cluster-status-html", "msr: cluster_status is a login page"},
	{"gc-running", "msr: a garbage collection holds its lock"},
	{"gc-fails", "msr: the last three garbage collections failed"},
	{"worker-dead", "msr: the worker of replica 3 is dead"},
	{"scanner-old", "msr: the vulnerability database is eight days old, and its last update failed"},
	{"read-only", "msr: all replicas refuse writes"},
	{"trust-deleted", "msr: somebody deletes the trust data of a repository; it is told for a day, though it is signed anew"},
	{"v2-password", "msr: the password of the monitor is changed, but not the exporter's file"},

	{"v2-html", "hub: /v2/ is a page for people, with status 200"},
	{"health-storage", "hub: the health check of the storage fails, all answers are 503"},
	{"health-redis", "hub: the health check of Redis fails, all answers are 503"},
	{"registry-down", "hub: the registry is stopped, nginx in front of it answers 502"},
	{"certificate-expired", "hub: the certificate ended yesterday"},
	{"certificate-wrong-name", "hub: the certificate is for another name"},
	{"layer-missing", "hub: a layer of the image is not in the store; HEAD and everything else is well"},
	{"layer-cut", "hub: half of a layer is gone from the store"},
	{"layer-flipped", "hub: one bit of a layer is another than was pushed"},
	{"hub-read-only", "hub: the registry refuses writes"},
	{"store-full", "hub: there is no space left in the store: whatever is pushed is answered with 500"},
	{"nginx-down", "hub: nginx is stopped, and so the front"},
	{"swift-down", "hub: Swift refuses connections; /v2/ is 200, layers are 200 with all headers and no bytes"},
	{"swift-key", "hub: the key of Swift is changed and tokens are withdrawn, but not the exporter's file"},
	{"swift-container-gone", "hub: the container does not exist"},
	{"redis-down", "hub: Redis refuses connections"},
	{"redis-hangs", "hub: Redis takes connections and never answers"},
	{"redis-password", "hub: the password of Redis is changed, but not the exporter's file"},
}

// Faults holds the faults that are on.
type Faults struct {
	mu    sync.RWMutex
	since map[string]time.Time

	setting sync.Mutex
	apply   []func() error
}

// onChange calls apply now, and after each change.
func (f *Faults) onChange(apply func() error) error {
	f.apply = append(f.apply, apply)
	return apply()
}

// On says whether any of the faults is on.
func (f *Faults) On(names ...string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, n := range names {
		if _, on := f.since[n]; on {
			return true
		}
	}
	return false
}

// Since returns when the fault was switched on.
func (f *Faults) Since(name string) time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.since[name]
}

// Set switches a fault on or off. When Set returns, every part behaves so.
func (f *Faults) Set(name string, on bool) error {
	f.setting.Lock()
	defer f.setting.Unlock()
	f.set(name, on)
	for _, apply := range f.apply {
		if err := apply(); err != nil {
			return fmt.Errorf("switching %s: %w", name, err)
		}
	}
	return nil
}

func (f *Faults) set(name string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, was := f.since[name]
	switch {
	case on && !was:
		f.since[name] = time.Now()
	case !on:
		delete(f.since, name)
	}
}

// pick returns the value of the first fault in the map that is on.
func pick[T any](f *Faults, values map[string]T) (value T, found bool) {
	for _, fault := range Table {
		if value, found = values[fault.Name]; found && f.On(fault.Name) {
			return value, true
		}
	}
	return value, false
}

// Known says whether there is a fault of this name.
func Known(name string) bool {
	for _, fault := range Table {
		if fault.Name == name {
			return true
		}
	}
	return false
}

// List writes one line for each fault, and marks those that are on.
func (f *Faults) List() string {
	var b strings.Builder
	for _, fault := range Table {
		mark := " "
		if f.On(fault.Name) {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %-23s %s\n", mark, fault.Name, fault.What)
	}
	return b.String()
}
