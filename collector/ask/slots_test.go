package ask

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector/source"
)

func newSlots() *slots { return &slots{parties: map[string]*party{}} }

// ask queues a request of a registry that has just answered.
func ask(s *slots, registry string) *slot {
	if s.parties[registry] == nil {
		s.parties[registry] = &party{}
	}
	s.parties[registry].quickAt = time.Now()
	return s.queue(registry)
}

// hold takes n slots for a registry that has just answered. It fails the test when they are not free.
func hold(t testing.TB, s *slots, registry string, n int) []*slot {
	t.Helper()
	var held []*slot
	for range n {
		w := ask(s, registry)
		if !hasBegun(w) {
			t.Fatalf("%s waits for its slot %d", registry, len(held)+1)
		}
		held = append(held, w)
	}
	return held
}

func hasBegun(w *slot) bool {
	select {
	case <-w.began:
		return true
	default:
		return false
	}
}

func leaveAll(held []*slot) {
	for _, w := range held {
		w.leave()
	}
}

func wantUnderWay(t testing.TB, s *slots, held, waiting int) {
	t.Helper()
	if h, w := s.underWay(); h != held || w != waiting {
		t.Errorf("%d requests are under way and %d wait, want %d and %d", h, w, held, waiting)
	}
}

// hangs holds one slot for each of n registries, from which no answer comes.
func hangs(t testing.TB, s *slots, n int) (held []*slot) {
	t.Helper()
	for i := range n {
		held = append(held, hold(t, s, fmt.Sprintf("hung%d", i), 1)...)
	}
	return held
}

func TestRequestsOfManyRegistriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hangs(t, s, maxQuick)
		waits := ask(s, "last")
		if hasBegun(waits) {
			t.Fatal("the bound is not kept")
		}
		wantUnderWay(t, s, maxQuick, 1)
		held[7].leave()
		if !hasBegun(waits) {
			t.Error("the slot that became free was not given")
		}
		held[7].leave()
		wantUnderWay(t, s, maxQuick, 0)
		leaveAll(append(held, waits))
		wantUnderWay(t, s, 0, 0)
	})
}

func TestARegistryWithManyRequestsLeavesSlotsToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hold(t, s, "hub", mostOfOthers)
		more := s.queue("hub")
		if hasBegun(more) {
			t.Error("it takes the slots of all others")
		}
		mirror := hold(t, s, "mirror", 1)
		leaveAll(mirror)
		leaveAll(held[:1])
		if !hasBegun(more) {
			t.Error("it gets no slot though many are free")
		}
		leaveAll(append(held, more))
	})
}

func TestTheRegistryWithTheFewestRequestsIsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := append(hold(t, s, "hub", mostOfOthers), hangs(t, s, maxQuick-mostOfOthers)...)
		var more []*slot
		for range 40 {
			more = append(more, s.queue("hub"))
		}
		mirror, cache := ask(s, "mirror"), ask(s, "cache")
		held[0].leave()
		if !hasBegun(mirror) || hasBegun(cache) {
			t.Error("mirror is not next")
		}
		held[1].leave()
		if !hasBegun(cache) {
			t.Error("cache is not next")
		}
		leaveAll(append(held, mirror, cache))
		leaveAll(more[:1])
		if !hasBegun(more[1]) {
			t.Error("hub does not go on")
		}
		for _, w := range more {
			if hasBegun(w) {
				w.leave()
			}
		}
		leaveAll(more)
	})
}

func TestRegistriesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hangs(t, s, maxQuick)
		var order []string
		waiting := map[*slot]string{}
		for i := range 9 {
			name := []string{"a", "b", "c"}[i/3] // all of a are first in the queue
			waiting[ask(s, name)] = name
		}
		last := held[0]
		for range 9 {
			last.leave()
			for w, name := range waiting {
				if hasBegun(w) {
					order = append(order, name)
					last = w
					delete(waiting, w)
				}
			}
		}
		if got := fmt.Sprint(order); got != "[a b c a b c a b c]" {
			t.Errorf("%s", got)
		}
		leaveAll(append(held, last))
	})
}

// Hundreds of registries begin to hang at once. Those that are well need a second request after their first.
func TestTheLastSlotsAreForRegistriesThatHaveJustAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		var held []*slot
		for i := range maxQuick {
			held = append(held, s.queue(fmt.Sprintf("hung%d", i)))
		}
		wantUnderWay(t, s, mostOfOthers, maxQuick-mostOfOthers)
		leaveAll(hold(t, s, "well", 1))
		for _, w := range held {
			<-w.began
			w.leave()
		}
		wantUnderWay(t, s, 0, 0)
	})
}

// The time of a request ends after half a second, before an answer came. The registry counts neither as slow nor as quick.
func TestARequestWhoseTimeIsOverSaysNothingOfTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		ctx, cancel := context.WithTimeout(t.Context(), slowAfter/2)
		defer cancel()
		w := s.queue("hub")
		w.leaveWith(ctx)
		<-ctx.Done()
		synctest.Wait()
		if p := s.parties["hub"]; p.isSlow || !p.quickAt.IsZero() {
			t.Errorf("slow: %v, quick at %s", p.isSlow, p.quickAt)
		}
		wantUnderWay(t, s, 0, 0)
	})
}

// 128 registries hang, and nobody knew it: after a second they are out of the way.
func TestRegistriesThatHangMakePlaceForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hangs(t, s, maxQuick)
		start := time.Now()
		s.parties["well"] = &party{quickAt: time.Now()}
		w, err := s.enter(t.Context(), "well")
		if took := time.Since(start); err != nil || took != slowAfter {
			t.Errorf("after %s: %v", took, err)
		}
		wantUnderWay(t, s, maxQuick+1, 0)
		leaveAll(append(held, w))
		wantUnderWay(t, s, 0, 0)
	})
}

// More hang than there are slow slots. They take at most half of the quick ones, once they are known.
func TestRegistriesThatHungBeforeHoldHalfOfTheQuickSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hangs(t, s, maxQuick)
		for len(held) < maxSlow {
			time.Sleep(slowAfter)
			synctest.Wait()
			name := fmt.Sprintf("more%d-", len(held))
			held = append(held, s.refill(t, name, min(maxQuick, maxSlow-len(held)))...)
		}
		time.Sleep(slowAfter)
		synctest.Wait()
		wantUnderWay(t, s, maxSlow, 0)
		var again []*slot
		for i := range maxQuick {
			again = append(again, s.queue(fmt.Sprintf("hung%d", i)))
		}
		wantUnderWay(t, s, maxSlow+mostOfSlow, maxQuick-mostOfSlow)
		time.Sleep(slowAfter)
		synctest.Wait()
		wantUnderWay(t, s, maxSlow+mostOfSlow, maxQuick-mostOfSlow)
		well := hold(t, s, "well", 1)
		leaveAll(well)
		held[0].leave() // a slow slot becomes free: an overdue request takes it, and another one begins
		wantUnderWay(t, s, maxSlow+mostOfSlow, maxQuick-mostOfSlow-1)
		for _, all := range [][]*slot{held, again} {
			for _, w := range all {
				<-w.began
				w.leave()
			}
		}
		wantUnderWay(t, s, 0, 0)
	})
}

// refill holds one slot for each of n more registries.
func (s *slots) refill(t testing.TB, name string, n int) (held []*slot) {
	t.Helper()
	for i := range n {
		held = append(held, hold(t, s, fmt.Sprintf("%s%d", name, i), 1)...)
	}
	return held
}

func TestARegistryThatAnswersAgainIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		w := hold(t, s, "hub", 1)[0]
		time.Sleep(slowAfter)
		synctest.Wait()
		w.leave()
		if !s.parties["hub"].isSlow {
			t.Fatal("it hung, and is not slow")
		}
		w = hold(t, s, "hub", 1)[0]
		time.Sleep(slowAfter / 2)
		w.hasAnswer()
		w.leave()
		if s.parties["hub"].isSlow {
			t.Error("it is slow")
		}
	})
}

// A layer of gigabytes takes minutes, and the registry is well.
func TestALongAnswerDoesNotMakeARegistrySlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		w := hold(t, s, "hub", 1)[0]
		w.hasAnswer()
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.party.isSlow || s.quick != 0 || s.slow != 1 {
			t.Errorf("slow: %v; %d quick slots and %d slow ones are taken", w.party.isSlow, s.quick, s.slow)
		}
		w.leave()
	})
}

func TestARequestThatGetsNoSlotInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots()
		held := hangs(t, s, maxQuick)
		ctx, cancel := context.WithTimeout(t.Context(), slowAfter/2)
		defer cancel()
		start := time.Now()
		_, err := s.enter(ctx, "well")
		wantReason(t, err, source.ReasonExporterOverloaded)
		if !source.IsUnasked(err) || time.Since(start) != slowAfter/2 {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		wantUnderWay(t, s, maxQuick, 0)
		leaveAll(held)
	})
}
