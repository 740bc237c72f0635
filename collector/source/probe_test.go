package source

import (
	"context"
	"testing"
	"time"
)

func testProbe(every time.Duration, do func(context.Context) Run) *Probe {
	return &Probe{Every: every, Run: do, track: NewTrack()}
}

func wantReason(t *testing.T, err error, want string) {
	t.Helper()
	if got := Reason(err); got != want {
		t.Errorf("reason %q (%v), want %q", got, err, want)
	}
}

func TestProbeIsPendingBeforeItsFirstRun(t *testing.T) {
	p := testProbe(time.Minute, nil)
	wantReason(t, p.track.result().Err, ReasonPending)
}

func TestProbeKeepsItsLastRun(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) Run { return Run{Err: Failed(ReasonShortRead, "0 of 7 bytes")} })
	if !p.Once(t.Context()) {
		t.Fatal("it did not run")
	}
	wantReason(t, p.track.result().Err, ReasonShortRead)
}

func TestProbeThatPanics(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) Run { panic("oh") })
	p.Once(t.Context())
	wantReason(t, p.track.result().Err, ReasonPanic)
}

func TestProbeThatHangsEndsWithItsTimeout(t *testing.T) {
	p := testProbe(time.Hour, func(ctx context.Context) Run { <-ctx.Done(); return Run{Err: ctx.Err()} })
	p.Timeout = time.Millisecond
	p.Once(t.Context())
	wantReason(t, p.track.result().Err, ReasonTimeout)
}

func TestProbeThatIsStoppedSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := testProbe(time.Hour, func(context.Context) Run { cancel(); return Run{Err: context.Canceled} })
	if p.Once(ctx) {
		t.Error("a run that was stopped counts")
	}
	wantReason(t, p.track.result().Err, ReasonPending)
}

func TestProbeClockIsJittered(t *testing.T) {
	p := testProbe(time.Minute, nil)
	for range 1000 {
		if d := p.jittered(); d < 57*time.Second || d > 63*time.Second {
			t.Fatalf("the next run after %s", d)
		}
	}
}
