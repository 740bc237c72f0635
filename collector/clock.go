package collector

import (
	"context"
	"slices"
	"sync"

	"registry_exporter/collector/source"
)

// A clock runs the probes of the configuration in force, each in a goroutine of its own.
type clock struct {
	group sync.WaitGroup
	loops []*loop // those that may still be under way
}

// A loop is the goroutine of one probe.
type loop struct {
	unchanged string             // fingerprint of the registry
	end       context.CancelFunc // begins no further run
	cancel    context.CancelFunc // ends the run under way, too
	done      chan struct{}
}

// startClock starts the probes of the registries.
func startClock(registries []*target) *clock {
	c := &clock{}
	c.change(registries)
	return c
}

// change runs the probes of these registries, and ends all others. A run under way of a registry whose configuration is the
// same goes on: its probe begins the next one when it is due. Any other is canceled, and change returns when each of those
// has taken back what it had begun.
func (c *clock) change(registries []*target) {
	stays := map[string]bool{}
	for _, r := range registries {
		stays[r.unchanged] = true
	}
	before := map[string]bool{}
	for _, l := range c.loops {
		before[l.unchanged] = true
		l.end()
		if !stays[l.unchanged] {
			l.cancel()
			<-l.done
		}
	}
	c.loops = slices.DeleteFunc(c.loops, (*loop).isDone)
	turn := source.Turn{Of: newProbes(registries, before)}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.Probe == nil {
				continue
			}
			c.start(s.Probe, r.unchanged, before[r.unchanged], turn)
			if !before[r.unchanged] {
				turn.Place++
			}
		}
	}
}

// newProbes is how many probes the registries have whose configuration is another than before.
func newProbes(registries []*target, before map[string]bool) int {
	n := 0
	for _, r := range registries {
		for _, s := range r.sources {
			if s.Probe != nil && !before[r.unchanged] {
				n++
			}
		}
	}
	return n
}

// start runs a probe; goesOn says that its configuration is the one before. The turn is that of its first run, otherwise.
func (c *clock) start(p *source.Probe, unchanged string, goesOn bool, turn source.Turn) {
	runs, cancel := context.WithCancel(context.Background())
	begins, end := context.WithCancel(runs)
	l := &loop{unchanged: unchanged, end: end, cancel: cancel, done: make(chan struct{})}
	c.loops = append(c.loops, l)
	c.group.Go(func() {
		defer close(l.done)
		defer cancel()
		p.Loop(begins, runs, goesOn, turn)
	})
}

func (l *loop) isDone() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// stop ends the runs under way, and returns when each has taken back what it had begun.
func (c *clock) stop() {
	for _, l := range c.loops {
		l.cancel()
	}
	c.group.Wait()
}
