package ask

import (
	"bytes"
	"context"
	"io"

	"golang.org/x/sync/semaphore"

	"registry_exporter/collector/source"
)

// firstBody is how much of a body, in bytes, is read without a part of the budget: most bodies are smaller.
const firstBody = 64 << 10

// bodyTiers are the 64 MiB that bodies larger than firstBody share. A body that outgrows the buffer of one tier waits for a
// part of the next, and then gives back the one that it had: a server that announces 15 MiB and hangs after 100 KiB holds 1 MiB.
// Who has a part waits for a higher tier only, so that some body can always go on.
var bodyTiers = [...]struct{ upTo, room int64 }{ // bytes of one buffer, and of all
	{1 << 20, 16 << 20},
	{4 << 20, 16 << 20},
	{16 << 20, 32 << 20},
}

// bodies are the answers that are being read. A nil *bodies has no bounds but that of each body.
type bodies struct {
	tiers [len(bodyTiers)]*semaphore.Weighted
}

func newBodies() *bodies {
	b := &bodies{}
	for i, tier := range bodyTiers {
		b.tiers[i] = semaphore.NewWeighted(tier.room)
	}
	return b
}

// A growing is one body that is being read.
type growing struct {
	bodies *bodies
	got    []byte
	free   func() // gives back its part of the budget
}

// read reads at most limit bytes. length is the Content-Length, or less than 0 when there is none. The caller calls free when it
// no longer uses the body, also after an error. The reason of an error is too_large for more than limit bytes, and
// exporter_overloaded when ctx ended before other bodies made room.
func (b *bodies) read(ctx context.Context, r io.Reader, length, limit int64) (body []byte, free func(), err error) {
	most := limit
	if length >= 0 {
		most = min(length, limit)
	}
	g := &growing{b, make([]byte, 0, min(most, firstBody)+bytes.MinRead), func() {}}
	for tier := 0; ; tier++ {
		ended, err := g.fill(r)
		if int64(len(g.got)) > limit {
			return g.got[:limit], g.free, source.Failed(source.ReasonTooLarge, "the answer is larger than %d bytes", limit)
		}
		if ended {
			return g.got, g.free, err
		}
		if int64(len(g.got)) > most { // more came than the Content-Length says
			most = limit
		}
		if err := g.grow(ctx, min(tier, len(bodyTiers)-1), most); err != nil {
			return g.got, g.free, err
		}
	}
}

// fill reads until the buffer is full. ended says that the body is, or that reading it fails.
func (g *growing) fill(r io.Reader) (ended bool, err error) {
	for len(g.got) < cap(g.got) {
		n, err := r.Read(g.got[len(g.got):cap(g.got)])
		g.got = g.got[:len(g.got)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return true, err
		}
	}
	return false, nil
}

// grow makes the buffer as large as the tier allows, and at most a little larger than most.
func (g *growing) grow(ctx context.Context, tier int, most int64) error {
	size := most
	if tier < len(bodyTiers)-1 {
		size = min(bodyTiers[tier].upTo, most)
	}
	free, err := g.bodies.take(ctx, tier, size)
	if err != nil {
		return err
	}
	larger := make([]byte, len(g.got), size+bytes.MinRead)
	copy(larger, g.got)
	g.got = larger
	g.free()
	g.free = free
	return nil
}

// take waits for so many bytes of a tier.
func (b *bodies) take(ctx context.Context, tier int, size int64) (free func(), err error) {
	if b == nil {
		return func() {}, nil
	}
	size = min(size, bodyTiers[tier].room)
	if !b.tiers[tier].TryAcquire(size) {
		defer source.Waits(ctx)()
		if err := b.tiers[tier].Acquire(ctx, size); err != nil {
			return nil, source.Failed(source.ReasonExporterOverloaded, "the answer is large, and other large answers held the memory of the exporter until the end of this reading")
		}
	}
	return func() { b.tiers[tier].Release(size) }, nil
}
