package source

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Anybody may scrape, with any timeout. Each reading may hold megabytes, and asks with the password of an admin.
func TestScrapesWithDifferentTimeoutsMakeTwoReadingsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads, now, most atomic.Int64
		s := testSource(func(ctx context.Context) ([]Sample, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			return answersAfter(3*time.Second, &reads)(ctx)
		})
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				wantResult(t, s.Get(t.Context(), 5*time.Second+time.Duration(i)*time.Millisecond), "extra=1 up=1")
			})
		}
		group.Wait()
		if reads.Load() != maxAtOnce || most.Load() != maxAtOnce {
			t.Errorf("%d readings, %d at once", reads.Load(), most.Load())
		}
	})
}

func TestAThirdScrapeJoinsTheReadingThatFitsBest(t *testing.T) {
	for _, c := range []struct {
		name          string
		timeout, took time.Duration
		want          string
	}{
		{"one that ends last, and in time", 9 * time.Second, 8 * time.Second, "extra=1 up=0 timeout"},
		{"the only one that ends in time", 7 * time.Second, 6 * time.Second, "extra=1 up=0 timeout"},
		{"none that ends in time", 2 * time.Second, 2*time.Second + grace, "up=0 timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int64
				s := testSource(answersAfter(time.Hour, &reads))
				var group sync.WaitGroup
				for _, timeout := range []time.Duration{8 * time.Second, 6 * time.Second} {
					group.Go(func() { wantResult(t, s.Get(t.Context(), timeout), "extra=1 up=0 timeout") })
				}
				synctest.Wait()
				start := time.Now()
				wantResult(t, s.Get(t.Context(), c.timeout), c.want)
				wantElapsed(t, start, c.took)
				group.Wait()
				if reads.Load() != 2 {
					t.Errorf("%d readings", reads.Load())
				}
			})
		})
	}
}

func TestAReadingThatEndedMakesPlaceForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(answersAfter(0, &reads))
		for i := range 5 {
			wantResult(t, s.Get(t.Context(), time.Duration(i+1)*time.Second), "extra=1 up=1")
		}
		if reads.Load() != 5 {
			t.Errorf("%d readings", reads.Load())
		}
	})
}
