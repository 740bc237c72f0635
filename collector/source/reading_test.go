package source

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestScrapesAtOnceShareOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(answersAfter(time.Second, &reads))
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 40 * time.Millisecond)
				wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1")
			})
		}
		group.Wait()
		if reads.Load() != 1 {
			t.Errorf("%d readings", reads.Load())
		}
		wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1")
		if reads.Load() != 2 {
			t.Error("a scrape that came later got an old answer")
		}
	})
}

func TestWhatWasLearntByTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		s := testSource(answersAfter(time.Hour, &reads))
		r := s.Get(t.Context(), 5*time.Second)
		wantResult(t, r, "extra=1 up=0 timeout")
		wantElapsed(t, start, 5*time.Second)
		if r.Duration != 5*time.Second {
			t.Errorf("duration is %s", r.Duration)
		}
	})
}

func TestTimeoutOfTheSourceWinsOverAnIdleScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		wantResult(t, testSource(answersAfter(time.Hour, &reads)).Get(t.Context(), longScrape), "extra=1 up=0 timeout")
		wantElapsed(t, start, 10*time.Second)
	})
}

// A second Prometheus that comes while the first one waits gets what was learnt, at the same time,
// and does not keep the hung reading alive for those after it.
func TestHungReadingIsNotHandedOnForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		s := testSource(func(ctx context.Context) ([]Sample, error) {
			if reads.Load() == 0 {
				return answersAfter(time.Hour, &reads)(ctx)
			}
			return answersAfter(0, &reads)(ctx)
		})
		var group sync.WaitGroup
		group.Go(func() { wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=0 timeout") })
		group.Go(func() {
			time.Sleep(7 * time.Second)
			wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=0 timeout")
			wantElapsed(t, start, 10*time.Second)
		})
		time.Sleep(10*time.Second + time.Nanosecond)
		wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1")
		group.Wait()
	})
}

func TestShortScrapeDoesNotCutALongOne(t *testing.T) {
	for _, order := range [][]time.Duration{{time.Second, 9 * time.Second}, {9 * time.Second, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			var reads atomic.Int64
			s := testSource(answersAfter(2*time.Second, &reads))
			want := map[time.Duration]string{time.Second: "extra=1 up=0 timeout", 9 * time.Second: "extra=1 up=1"}
			var group sync.WaitGroup
			for _, timeout := range order {
				group.Go(func() { wantResult(t, s.Get(t.Context(), timeout), want[timeout]) })
				time.Sleep(time.Millisecond)
			}
			group.Wait()
		})
	}
}

func TestOneClientThatHangsUpDoesNotCancelTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		s := testSource(answersAfter(3*time.Second, &reads))
		gone, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		var group sync.WaitGroup
		group.Go(func() { wantResult(t, s.Get(gone, longScrape), "up=0 canceled") })
		group.Go(func() {
			wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1")
			wantElapsed(t, start, 3*time.Second)
		})
		group.Wait()
		if reads.Load() != 1 {
			t.Errorf("%d readings", reads.Load())
		}
	})
}

func TestAReadingGoesOnWhenAllHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		s := testSource(answersAfter(3*time.Second, &reads))
		for range 500 {
			ctx, hangUp := context.WithTimeoutCause(t.Context(), 4*time.Millisecond, context.Canceled)
			s.Get(ctx, longScrape)
			hangUp()
		}
		wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1")
		wantElapsed(t, start, 3*time.Second)
		if reads.Load() != 1 {
			t.Errorf("%d readings", reads.Load())
		}
	})
}

// Between the end of a reading and the moment its last scrape has seen that, another scrape may come.
func TestEndedReadingIsNotJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := testSource(answersAfter(time.Second, &reads))
		ended, _ := s.join(longScrape, 0)
		<-ended.ctx.Done()
		next, _ := s.join(longScrape, 0)
		if next == ended {
			t.Error("an old answer is handed out")
		}
		s.leave(ended, false)
		if third, _ := s.join(longScrape, 0); third != next {
			t.Error("the reading under way is not shared any longer")
		}
		<-next.done
	})
}

// All scrapes are cut at once, and none is lost: each gets what was learnt.
func TestStopIsATimeoutForEveryScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var reads atomic.Int64
		s := testSource(answersAfter(time.Hour, &reads))
		ctx, cut := context.WithCancelCause(t.Context())
		time.AfterFunc(2*time.Second, func() { cut(context.DeadlineExceeded) })
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { wantResult(t, s.Get(ctx, longScrape), "extra=1 up=0 timeout") })
		}
		group.Wait()
		wantElapsed(t, start, 2*time.Second)
	})
}

func TestReadingThatDoesNotHearItsEnd(t *testing.T) {
	for timeout, wantAfter := range map[time.Duration]time.Duration{
		5 * time.Second:        5*time.Second + grace,
		100 * time.Millisecond: 110 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := testSource(func(context.Context) ([]Sample, error) {
				time.Sleep(time.Minute)
				return []Sample{testUp.Sample(1, "a")}, nil
			})
			wantResult(t, s.Get(t.Context(), timeout), "up=0 timeout")
			wantElapsed(t, start, wantAfter)
			time.Sleep(time.Minute)
		})
	}
}

// Clients come and go at random. None that stays may be told that the reading was canceled, or get nothing.
func TestClientsThatComeAndGo(t *testing.T) {
	var running atomic.Int64
	s := testSource(func(ctx context.Context) ([]Sample, error) {
		running.Add(1)
		defer running.Add(-1)
		select {
		case <-time.After(time.Duration(rand.IntN(300)) * time.Microsecond):
			return []Sample{testUp.Sample(1, "a")}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				ctx, hangUp := context.WithCancel(t.Context())
				if i%2 == 0 {
					time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, hangUp)
				}
				if r := s.Get(ctx, longScrape); i%2 == 1 {
					wantResult(t, r, "up=1")
				}
				hangUp()
			}
		})
	}
	group.Wait()
	for deadline := time.Now().Add(time.Minute); running.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d readings go on", running.Load())
		}
	}
}
