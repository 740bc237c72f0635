package collector

import (
	"context"
	"sync"
)

// A clock runs the probes of one configuration, each in a goroutine of its own.
type clock struct {
	cancel context.CancelFunc // ends all runs
	group  sync.WaitGroup
}

// startClock starts the probes of the registries.
func startClock(registries []*target) *clock {
	ctx, cancel := context.WithCancel(context.Background())
	c := &clock{cancel: cancel}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.Probe != nil {
				c.group.Go(func() { s.Probe.Loop(ctx) })
			}
		}
	}
	return c
}

// stop ends the runs under way, and returns when each has taken back what it had begun.
func (c *clock) stop() {
	c.cancel()
	c.group.Wait()
}
