package ask

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector/source"
)

// blanks is a body of n bytes that is made while it is read.
func blanks(n int64) io.Reader { return io.LimitReader(endless{}, n) }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// thenHangs is a body of which n bytes come, and no more until ctx ends.
func thenHangs(ctx context.Context, n int64) io.Reader {
	return io.MultiReader(blanks(n), hang{ctx})
}

type hang struct{ ctx context.Context }

func (h hang) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

func TestABodyIsReadWhole(t *testing.T) {
	for name, c := range map[string]struct{ sent, length, limit int64 }{
		"empty":                              {0, 0, MaxSmallBody},
		"small":                              {300, 300, MaxSmallBody},
		"small, without length":              {300, -1, MaxSmallBody},
		"as large as the first buffer":       {firstBody, firstBody, MaxBody},
		"a byte more, without length":        {firstBody + 1, -1, MaxBody},
		"as large as may be, without length": {MaxBody, -1, MaxBody},
		"a large one":                        {15 << 20, 15 << 20, MaxBody},
		"larger than all tiers":              {40 << 20, 40 << 20, 40 << 20},
		"more than its length":               {3 << 20, 100 << 10, MaxBody},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBodies()
			got, free, err := b.read(t.Context(), blanks(c.sent), c.length, c.limit)
			if err != nil || int64(len(got)) != c.sent {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if c.length == c.sent && int64(cap(got)) > c.length+bytes.MinRead+8<<10 {
				t.Errorf("the buffer has %d bytes", cap(got))
			}
			free()
			wantAllFree(t, b)
		})
	}
}

func TestABodyThatIsTooLarge(t *testing.T) {
	for name, length := range map[string]int64{"it says so": 1 << 40, "it does not say": -1, "it says less": 10} {
		t.Run(name, func(t *testing.T) {
			b := newBodies()
			got, free, err := b.read(t.Context(), blanks(2<<20), length, MaxSmallBody)
			wantReason(t, err, source.ReasonTooLarge)
			if len(got) != MaxSmallBody || cap(got) > MaxSmallBody+64<<10 {
				t.Errorf("%d bytes in a buffer of %d", len(got), cap(got))
			}
			free()
			wantAllFree(t, b)
		})
	}
}

// A hundred servers announce 15 MiB each, and send nothing, or a little: others still get their answers.
func TestServersThatAnnounceMuchAndHangHoldLittle(t *testing.T) {
	for name, sent := range map[string]int64{"nothing comes": 0, "less than the first buffer": firstBody - 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBodies()
				ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
				defer cancel()
				var group sync.WaitGroup
				for range 100 {
					group.Go(func() {
						got, free, err := b.read(ctx, thenHangs(ctx, sent), 15<<20, MaxBody)
						defer free()
						wantReason(t, err, source.ReasonTimeout)
						if int64(len(got)) != sent || cap(got) > 128<<10 {
							t.Errorf("%d bytes in a buffer of %d", len(got), cap(got))
						}
					})
				}
				synctest.Wait()
				wantAllFree(t, b)
				group.Wait()
			})
		})
	}
}

func TestALargeBodyHoldsALittleMoreThanCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBodies()
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, free, _ := b.read(ctx, thenHangs(ctx, 100<<10), 15<<20, MaxBody)
			free()
		}()
		synctest.Wait()
		if room := bodyTiers[0].room; !b.tiers[0].TryAcquire(room-1<<20) || b.tiers[0].TryAcquire(1) {
			t.Errorf("100 KiB do not hold 1 MiB of %d", room)
		}
		b.tiers[0].Release(bodyTiers[0].room - 1<<20)
		<-done
		wantAllFree(t, b)
	})
}

func TestLargeBodiesWaitForEachOther(t *testing.T) {
	b := newBodies()
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			got, free, err := b.read(t.Context(), blanks(10<<20), -1, MaxBody)
			defer free()
			if err != nil || len(got) != 10<<20 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	group.Wait()
	wantAllFree(t, b)
}

func TestALargeBodyForWhichThereIsNoRoomInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBodies()
		if !b.tiers[0].TryAcquire(bodyTiers[0].room) {
			t.Fatal("it is not free")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		got, free, err := b.read(ctx, blanks(100<<10), 100<<10, MaxBody)
		free()
		wantReason(t, err, source.ReasonExporterOverloaded)
		if len(got) == 0 || time.Since(start) != 9*time.Second {
			t.Errorf("%d bytes after %s", len(got), time.Since(start))
		}
		b.tiers[0].Release(bodyTiers[0].room)
		wantAllFree(t, b)
	})
}

// wantAllFree fails the test unless no body holds a part.
func wantAllFree(t testing.TB, b *bodies) {
	t.Helper()
	for i, tier := range bodyTiers {
		if !b.tiers[i].TryAcquire(tier.room) {
			t.Errorf("tier %d is not free", i)
			continue
		}
		b.tiers[i].Release(tier.room)
	}
}
