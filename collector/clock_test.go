package collector

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/config"
)

func testProbe(every time.Duration, do func(context.Context) run) *probe {
	return &probe{every: every, run: do, track: newTrack()}
}

func TestProbeIsPendingBeforeItsFirstRun(t *testing.T) {
	p := testProbe(time.Minute, nil)
	wantReason(t, p.track.result().err, reasonPending)
}

func TestProbeKeepsItsLastRun(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) run { return run{err: failed(reasonShortRead, "0 of 7 bytes")} })
	if !p.once(t.Context()) {
		t.Fatal("it did not run")
	}
	wantReason(t, p.track.result().err, reasonShortRead)
}

func TestProbeThatPanics(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) run { panic("oh") })
	p.once(t.Context())
	wantReason(t, p.track.result().err, reasonPanic)
}

func TestProbeThatHangsEndsWithItsTimeout(t *testing.T) {
	p := testProbe(time.Hour, func(ctx context.Context) run { <-ctx.Done(); return run{err: ctx.Err()} })
	p.timeout = time.Millisecond
	p.once(t.Context())
	wantReason(t, p.track.result().err, reasonTimeout)
}

func TestProbeThatIsStoppedSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := testProbe(time.Hour, func(context.Context) run { cancel(); return run{err: context.Canceled} })
	if p.once(ctx) {
		t.Error("a run that was stopped counts")
	}
	wantReason(t, p.track.result().err, reasonPending)
}

func TestProbeNeverRunsTwiceAtOnce(t *testing.T) {
	var under, most atomic.Int32
	p := testProbe(time.Microsecond, func(context.Context) run {
		most.Store(max(most.Load(), under.Add(1)))
		time.Sleep(time.Millisecond)
		under.Add(-1)
		return run{}
	})
	p.timeout = time.Minute
	first := startClock([]*registry{{sources: []*source{{probe: p}}}})
	second := startClock([]*registry{{sources: []*source{{probe: p}}}}) // as a reload does, had the first not ended
	for p.track.result().err != nil {
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
			p := testProbe(time.Hour, func(context.Context) run { close(ran); return run{} })
			p.track.last = run{start: time.Now(), end: time.Now(), err: c.last}
			clock := startClock([]*registry{{sources: []*source{{probe: p}}}})
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
	load := func(before *keep, site string, about ...any) (*keep, *track) {
		k := newKeep(before)
		b := testBuilder(site)
		b.keep = k
		return k, kept(b, newTrack, about...)
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
	load := func(before *keep) (*keep, *track, *voyage) {
		b := testBuilder("eqiad")
		b.keep = newKeep(before)
		return b.keep, kept(b, newTrack, "hub:443", "monitoring/canary"), kept(b, newVoyage, "hub:443", "monitoring/canary")
	}
	first, oneTrack, oneVoyage := load(nil)
	if _, sameTrack, sameVoyage := load(first); oneTrack != sameTrack || oneVoyage != sameVoyage {
		t.Error("one takes the place of the other")
	}
}

func TestKeepTellsListsApart(t *testing.T) {
	b := testBuilder("eqiad")
	b.keep = newKeep(nil)
	kept(b, newTrack, []string{"files/ segments/"})
	kept(b, newTrack, []string{"files/", "segments/"})
	if n := len(b.keep.now); n != 2 {
		t.Errorf("%d are kept, want 2", n)
	}
}

func testBuilder(site string) *builder {
	return &builder{Registry: &config.Registry{Name: "hub", Site: site}, collector: "pull"}
}
