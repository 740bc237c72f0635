package source

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitsOfAReading(t *testing.T) {
	const second = time.Second
	type wait struct{ from, to time.Duration }
	for name, c := range map[string]struct {
		waits []wait
		want  bool
	}{
		"none":                             {nil, false},
		"a little":                         {[]wait{{0, 2 * second}}, false},
		"for half of the time":             {[]wait{{0, 5 * second}}, true},
		"until its end":                    {[]wait{{5 * second, 99 * second}}, true},
		"one after the other, half in all": {[]wait{{0, 2 * second}, {3 * second, 4 * second}, {6 * second, 8 * second}}, true},
		"four at once, a quarter of it":    {[]wait{{0, 2 * second}, {0, 2 * second}, {second, 2 * second}, {0, 2500 * time.Millisecond}}, false},
		"two that overlap, more than half": {[]wait{{0, 4 * second}, {3 * second, 6 * second}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(withWaits(t.Context()), 10*second)
				defer cancel()
				for _, w := range c.waits {
					go func() {
						time.Sleep(w.from)
						done := Waits(ctx)
						time.Sleep(w.to - w.from)
						done()
					}()
				}
				time.Sleep(9 * second)
				if IsWaitedOut(ctx) {
					t.Error("before it ended")
				}
				<-ctx.Done()
				if got := IsWaitedOut(ctx); got != c.want {
					t.Errorf("%v", got)
				}
				time.Sleep(100 * second)
			})
		})
	}
}

func TestWaitsOutsideOfAReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	Waits(ctx)()
	cancel()
	if IsWaitedOut(ctx) {
		t.Error("nobody knows")
	}
}
