package collector

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// probed returns targets with one source, the probe p.
func probed(p *source.Probe) ([]*target, *source.Source) {
	s := p.Source(&source.Source{Collector: "test", Address: "a", Timeout: time.Minute}, source.NewTrack())
	return []*target{{sources: []*source.Source{s}}}, s
}

func TestProbeNeverRunsTwiceAtOnce(t *testing.T) {
	var under, most atomic.Int32
	targets, s := probed(&source.Probe{Every: time.Microsecond, Timeout: time.Minute, Run: func(context.Context) source.Run {
		most.Store(max(most.Load(), under.Add(1)))
		time.Sleep(time.Millisecond)
		under.Add(-1)
		return source.Run{}
	}})
	first := startClock(targets)
	second := startClock(targets) // a reload that comes before the first clock has ended
	for s.Get(t.Context(), maxScrape).Err != nil {
		time.Sleep(time.Millisecond)
	}
	first.stop()
	second.stop()
	if most.Load() != 1 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestProbeAfterAReload(t *testing.T) {
	for _, c := range []struct {
		name string
		last error
		want bool
	}{
		{"a run that failed is done again at once", errors.New("no"), true},
		{"one that went well waits for its time", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs := make(chan struct{}, 2)
			p := &source.Probe{Every: time.Hour, Run: func(context.Context) source.Run {
				runs <- struct{}{}
				return source.Run{Err: c.last}
			}}
			targets, _ := probed(p)
			if !p.Once(t.Context()) {
				t.Fatal("there was no run before the reload")
			}
			<-runs
			clock := startClock(targets)
			defer clock.stop()
			wait := 50 * time.Millisecond
			if c.want {
				wait = time.Minute
			}
			select {
			case <-runs:
				if !c.want {
					t.Error("it ran")
				}
			case <-time.After(wait):
				if c.want {
					t.Error("it did not run")
				}
			}
		})
	}
}

// Reloads one after the other must neither cut a run nor keep it from ending.
func TestAReloadLetsTheRunGoOnWhoseConfigurationIsTheSame(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		goesOn              bool
	}{
		{"the same", "hub", "hub", true},
		{"another", "hub", "hub changed", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			began, ended := make(chan struct{}, 9), make(chan error, 9)
			targets, _ := probed(&source.Probe{Every: time.Hour, Run: func(ctx context.Context) source.Run {
				began <- struct{}{}
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
				ended <- ctx.Err()
				return source.Run{}
			}})
			targets[0].unchanged = c.before
			clock := startClock(targets)
			defer clock.stop()
			<-began
			after, _ := probed(&source.Probe{Every: time.Hour, Run: func(context.Context) source.Run { return source.Run{} }})
			after[0].unchanged = c.after
			for range 5 {
				clock.change(after)
			}
			if err := <-ended; (err == nil) != c.goesOn {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}
