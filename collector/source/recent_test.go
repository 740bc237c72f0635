package source

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const testMinAge = 5 * time.Second

// wantReads fails the test unless the source was read so often.
func wantReads(t testing.TB, reads *atomic.Int64, want int64) {
	t.Helper()
	if got := reads.Load(); got != want {
		t.Errorf("%d readings, want %d", got, want)
	}
}

func TestScrapesAfterEachOtherShareAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(answersAfter(time.Second, &reads))
		for range 5 { // its timeout may be another
			wantResult(t, s.GetRecent(t.Context(), longScrape-time.Duration(reads.Load()), testMinAge), "extra=1 up=1")
			time.Sleep(time.Second)
		}
		wantReads(t, &reads, 1)
		time.Sleep(time.Second)
		wantResult(t, s.GetRecent(t.Context(), longScrape, testMinAge), "extra=1 up=1")
		wantReads(t, &reads, 2)
	})
}

func TestAPersonGetsAFreshReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(answersAfter(time.Second, &reads))
		for range 3 {
			s.GetRecent(t.Context(), longScrape, testMinAge)
			s.Get(t.Context(), longScrape)
		}
		wantReads(t, &reads, 4) // that of a person is not given again
	})
}

func TestARefusalIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(func(context.Context) ([]Sample, error) {
			reads.Add(1)
			return nil, Failed(ReasonServerError, "status 500")
		})
		for range 3 {
			wantResult(t, s.GetRecent(t.Context(), longScrape, testMinAge), "up=0 server_error")
		}
		wantReads(t, &reads, 1)
	})
}

// A reading that was cut off, or that the exporter had nothing left for, is given to no other scrape: each reads anew.
func TestReadingsThatAreNotGivenAgain(t *testing.T) {
	for name, read := range map[string]func(context.Context) ([]Sample, error){
		"cut off by its timeout": func(ctx context.Context) ([]Sample, error) { <-ctx.Done(); return nil, ctx.Err() },
		"the exporter was overloaded": func(context.Context) ([]Sample, error) {
			return nil, fmt.Errorf("connecting: %w", syscall.EMFILE)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int64
				s := testSource(func(ctx context.Context) ([]Sample, error) { reads.Add(1); return read(ctx) })
				for range 3 {
					s.GetRecent(t.Context(), time.Second, testMinAge)
				}
				wantReads(t, &reads, 3)
			})
		})
	}
}

func TestTheLastRunOfAProbeIsAlwaysLookedAt(t *testing.T) {
	p := testProbe(time.Minute, func(context.Context) Run { return Run{} })
	s := p.Source(testSource(nil), NewTrack())
	wantReason(t, s.GetRecent(t.Context(), longScrape, testMinAge).Err, ReasonPending)
	p.Once(t.Context())
	wantReason(t, s.GetRecent(t.Context(), longScrape, testMinAge).Err, "")
}
