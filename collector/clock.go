package collector

import (
	"context"
	"sync"
)

// A clock runs the probes of what is live.
type clock struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
}

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

// stop ends what is under way, and waits until it has cleaned up after itself.
func (c *clock) stop() {
	c.cancel()
	c.group.Wait()
}
