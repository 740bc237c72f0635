package source

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/config"
)

func testProbe(every time.Duration, do func(context.Context) Run) *Probe {
	return &Probe{Every: every, Run: do, track: NewTrack()}
}

func TestProbeIsPendingBeforeItsFirstRun(t *testing.T) {
	p := testProbe(time.Minute, nil)
	msr.wantReason(t, p.track.result().Err, ReasonPending)
}

func TestProbeKeepsItsLastRun(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) Run { return Run{Err: Failed(ReasonShortRead, "0 of 7 bytes")} })
	if !p.Once(t.Context()) {
		t.Fatal("it did not run")
	}
	msr.wantReason(t, p.track.result().Err, ReasonShortRead)
}

func TestProbeThatPanics(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) Run { panic("oh") })
	p.Once(t.Context())
	msr.wantReason(t, p.track.result().Err, ReasonPanic)
}

func TestProbeThatHangsEndsWithItsTimeout(t *testing.T) {
	p := testProbe(time.Hour, func(ctx context.Context) Run { <-ctx.Done(); return Run{Err: ctx.Err()} })
	p.Timeout = time.Millisecond
	p.Once(t.Context())
	msr.wantReason(t, p.track.result().Err, ReasonTimeout)
}

func TestProbeThatIsStoppedSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := testProbe(time.Hour, func(context.Context) Run { cancel(); return Run{Err: context.Canceled} })
	if p.Once(ctx) {
		t.Error("a run that was stopped counts")
	}
	msr.wantReason(t, p.track.result().Err, ReasonPending)
}

func TestProbeNeverRunsTwiceAtOnce(t *testing.T) {
	var under, most atomic.Int32
	p := testProbe(time.Microsecond, func(context.Context) Run {
		most.Store(max(most.Load(), under.Add(1)))
		time.Sleep(time.Millisecond)
		under.Add(-1)
		return Run{}
	})
	p.Timeout = time.Minute
	first := collector.startClock([]*collector.registry{{sources: []*Source{{Probe: p}}}})
	second := collector.startClock([]*collector.registry{{sources: []*Source{{Probe: p}}}}) // as a reload does, had the first not ended
	for p.track.result().Err != nil {
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
			ran := make(chan struct{})
			p := testProbe(time.Hour, func(context.Context) Run { close(ran); return Run{} })
			p.track.last = Run{start: time.Now(), End: time.Now(), Err: c.last}
			clock := collector.startClock([]*collector.registry{{sources: []*Source{{Probe: p}}}})
			defer clock.stop()
			wait := 50 * time.Millisecond
			if c.want {
				wait = time.Minute
			}
			select {
			case <-ran:
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

func TestProbeClockIsJittered(t *testing.T) {
	p := testProbe(time.Minute, nil)
	for range 1000 {
		if d := p.jittered(); d < 57*time.Second || d > 63*time.Second {
			t.Fatalf("the next run after %s", d)
		}
	}
}

func TestKeep(t *testing.T) {
	load := func(before *Keep, site string, about ...any) (*Keep, *track) {
		k := NewKeep(before)
		b := testBuilder(site)
		b.Keep = k
		return k, ask.Kept(b, NewTrack, about...)
	}
	first, one := load(nil, "eqiad", "image:1")
	second, same := load(first, "eqiad", "image:1")
	_, otherSite := load(first, "codfw", "image:1")
	third, other := load(second, "eqiad", "image:2")
	_, gone := load(third, "eqiad", "image:1")
	switch {
	case one != same:
		t.Error("not kept")
	case one == otherSite, one == other:
		t.Error("kept for another thing")
	case one == gone:
		t.Error("kept although nobody asked for it")
	}
}

func TestKeepOfTwoKindsAboutTheSame(t *testing.T) {
	load := func(before *Keep) (*Keep, *track, *registry.voyage) {
		b := testBuilder("eqiad")
		b.Keep = NewKeep(before)
		return b.Keep, ask.Kept(b, NewTrack, "hub:443", "monitoring/canary"), ask.Kept(b, registry.newVoyage, "hub:443", "monitoring/canary")
	}
	first, oneTrack, oneVoyage := load(nil)
	if _, sameTrack, sameVoyage := load(first); oneTrack != sameTrack || oneVoyage != sameVoyage {
		t.Error("one takes the place of the other")
	}
}

func TestKeepTellsListsApart(t *testing.T) {
	b := testBuilder("eqiad")
	b.Keep = NewKeep(nil)
	ask.Kept(b, NewTrack, []string{"files/ segments/"})
	ask.Kept(b, NewTrack, []string{"files/", "segments/"})
	if n := len(b.Keep.now); n != 2 {
		t.Errorf("%d are kept, want 2", n)
	}
}

func testBuilder(site string) *ask.Builder {
	return &ask.Builder{Registry: &config.Registry{Name: "hub", Site: site}, Collector: "pull"}
}
