package source

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

var errNoDescriptor = fmt.Errorf("connecting: %w", syscall.EMFILE)

// A 0 would be an outage of a registry that may be well.
func TestAnOverloadedExporterSaysNothingOfTheRegistry(t *testing.T) {
	s := testSource(func(context.Context) ([]Sample, error) { return nil, errNoDescriptor })
	s.Down = append(s.Down, testExtra.Sample(7, "a"))
	wantResult(t, s.Get(t.Context(), longScrape), "extra=7 exporter_overloaded")
}

func TestWhatWasLearntBeforeTheOverloadStays(t *testing.T) {
	s := testSource(func(context.Context) ([]Sample, error) { return []Sample{testUp.Sample(1, "a")}, errNoDescriptor })
	wantResult(t, s.Get(t.Context(), longScrape), "up=1 exporter_overloaded")
}

func TestAnOverloadIsNoAnswer(t *testing.T) {
	if !IsUnasked(errNoDescriptor) {
		t.Error("a login that could not be tried is one that failed")
	}
}

func TestARunThatMetAnOverloadLeavesTheRunBefore(t *testing.T) {
	runs := map[string]Run{
		"the run":       {Err: errNoDescriptor},
		"a later image": {Err: errors.New("x"), Steps: []Step{{Name: "a manifest", Err: errors.New("x")}, {Name: "b manifest", Err: errNoDescriptor}}},
	}
	for name, overloaded := range runs {
		t.Run(name, func(t *testing.T) {
			next := Run{Samples: []Sample{testUp.Sample(1, "a")}}
			p := testProbe(time.Minute, func(context.Context) Run { return next })
			p.Once(t.Context())
			next = overloaded
			if !p.Once(t.Context()) {
				t.Error("the probe would not run again")
			}
			if last := p.track.result(); last.Err != nil || len(last.Samples) != 1 {
				t.Errorf("the last run is %v", last)
			}
		})
	}
}

func TestAFirstRunThatMetAnOverload(t *testing.T) {
	next := Run{Err: errNoDescriptor}
	p := testProbe(time.Minute, func(context.Context) Run { return next })
	p.Once(t.Context())
	wantReason(t, p.track.result().Err, ReasonExporterOverloaded)
	next = Run{Err: Failed(ReasonShortRead, "0 of 7 bytes")}
	p.Once(t.Context())
	wantReason(t, p.track.result().Err, ReasonShortRead)
}
