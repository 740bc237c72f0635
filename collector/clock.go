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

func startClock(registries []*registry) *clock {
	ctx, cancel := context.WithCancel(context.Background())
	c := &clock{cancel: cancel}
	for _, r := range registries {
		for _, s := range r.sources {
			if s.probe != nil {
				c.group.Go(func() { s.probe.loop(ctx) })
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
