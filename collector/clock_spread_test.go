package collector

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector/source"
)

// A register notes when runs start.
type register struct {
	mu     sync.Mutex
	starts []time.Time
	ran    map[int]bool // the probes that have run
}

func newRegister() *register { return &register{ran: map[int]bool{}} }

func (r *register) note(probe int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.starts = append(r.starts, time.Now())
	r.ran[probe] = true
}

// counts are how many runs have started, and how many probes have run.
func (r *register) counts() (starts, probes int) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.starts), len(r.ran)
}

// many are n registries with a probe each.
func (r *register) many(n int, every time.Duration, version string) []*target {
	var registries []*target
	for i := range n {
		one, _ := probed(&source.Probe{Every: every, Run: func(context.Context) source.Run {
			r.note(i)
			return source.Run{}
		}})
		one[0].unchanged = fmt.Sprintf("%d %s", i, version)
		registries = append(registries, one...)
	}
	return registries
}

// bySecond is how many runs start in each second from begin on, for as long as the time goes.
func (r *register) bySecond(begin time.Time, long time.Duration) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	seconds := make([]int, long/time.Second)
	for _, start := range r.starts {
		if at := start.Sub(begin); at >= 0 && at < long {
			seconds[at/time.Second]++
		}
	}
	return seconds
}

func sum(all []int) int {
	n := 0
	for _, one := range all {
		n += one
	}
	return n
}

// Without that, 1,000 registries would all be pulled from within the same second, every minute for hours.
func TestTheRunsOfManyProbesAreSpread(t *testing.T) {
	const probes = 1000
	for _, c := range []struct {
		every  time.Duration
		within time.Duration // all first runs
		first  int           // the most first runs in a second
		later  int           // the most later runs in a second; the mean is probes / every
	}{
		{time.Minute, time.Minute, 30, 40},
		{5 * time.Minute, 100 * time.Second, 12, 14},
		{time.Hour, 100 * time.Second, 12, 6},
	} {
		t.Run(c.every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegister()
				begin := time.Now()
				clock := startClock(r.many(probes, c.every, ""))
				defer clock.stop()
				time.Sleep(c.within)
				_, ran := r.counts()
				if most := slices.Max(r.bySecond(begin, c.within)); ran != probes || most > c.first {
					t.Errorf("within %s %d of %d probes have run, %d in one second, want at most %d", c.within, ran, probes, most, c.first)
				}
				time.Sleep(4 * c.every)
				later := r.bySecond(begin.Add(c.every+c.every/2), 2*c.every)
				if most := slices.Max(later); most > c.later {
					t.Errorf("%d runs in a second, while the mean is %.1f", most, float64(sum(later))/float64(len(later)))
				}
				if n := sum(later); n < probes*19/10 || n > probes*21/10 {
					t.Errorf("%d runs in twice %s", n, c.every)
				}
			})
		})
	}
}

func TestAFewProbesStartAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegister()
		clock := startClock(r.many(10, time.Minute, ""))
		defer clock.stop()
		time.Sleep(time.Second)
		if n, _ := r.counts(); n != 10 {
			t.Errorf("%d of 10 have started after a second", n)
		}
	})
}

// Who changes one of 1,000 registries sees the result of that at once.
func TestAProbeThatAReloadChangesStartsAtOnceWhileTheOthersKeepTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := newRegister(), newRegister()
		registries := before.many(1000, time.Hour, "")
		clock := startClock(registries)
		defer clock.stop()
		time.Sleep(10 * time.Minute)
		changed := after.many(1, time.Hour, "changed")
		earlier, _ := before.counts()
		clock.change(append(changed, registries[1:]...))
		time.Sleep(time.Second)
		one, _ := after.counts()
		if others, _ := before.counts(); one != 1 || others != earlier {
			t.Errorf("after the reload %d of the one that has changed, and %d of the others have started", one, others-earlier)
		}
	})
}
