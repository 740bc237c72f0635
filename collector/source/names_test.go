package source

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

var testReplica = Gauge("registry_test_replica", "Names come from an answer.", "address", "replica").Outside("replica")

// replicas are samples with names that begin with prefix.
func replicas(prefix string, count int) (samples []Sample) {
	for i := range count {
		samples = append(samples, testReplica.Sample(1, "a", fmt.Sprint(prefix, i)))
	}
	return samples
}

func TestNamesThatChangeMakeNoSeriesWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answer []Sample
		s := testSource(func(context.Context) ([]Sample, error) { return answer, nil })
		s.Down, s.Most, s.Names = nil, 30, NewNames() // 10 names
		for _, c := range []struct {
			name   string
			after  time.Duration
			answer []Sample
			shown  int
			reason string
		}{
			{"names of every day", 0, replicas("known", 3), 3, ""},
			{"as many new ones as there is place for", 0, append(replicas("known", 3), replicas("new", 7)...), 10, ""},
			{"one more", 0, append(replicas("known", 3), replicas("newer", 1)...), 3, ReasonTooLarge},
			{"many more, before those that are known", 0, append(replicas("newest", 100), replicas("known", 3)...), 3, ReasonTooLarge},
			{"a known one alone, a day later", namesFor, replicas("known", 1), 1, ""},
			{"new ones when the others have been gone for a day", time.Minute, append(replicas("known", 1), replicas("late", 9)...), 10, ""},
			{"and no more than that", time.Minute, replicas("later", 1), 0, ReasonTooLarge},
			{"series without such labels", 0, []Sample{testUp.Sample(1, "a"), testExtra.Sample(1, "a")}, 2, ""},
		} {
			time.Sleep(c.after)
			answer = c.answer
			r := s.Get(t.Context(), longScrape)
			if len(r.Samples) != c.shown || Reason(r.Err) != c.reason {
				t.Errorf("%s: %d samples and %v, want %d and %q", c.name, len(r.Samples), r.Err, c.shown, c.reason)
			}
		}
	})
}

// Two labels from outside could make the square of the names as series.
func TestPairsOfNamesCountEach(t *testing.T) {
	peers := Gauge("registry_test_peer", "Has two labels from outside.", "server", "peer").Outside("server", "peer")
	var all []Sample
	for i := range 5 {
		for j := range 5 {
			all = append(all, peers.Sample(1, fmt.Sprint(i), fmt.Sprint(j)))
		}
	}
	if kept, err := NewNames().bounded(all, nil, 10, time.Now()); len(kept) != 10 || Reason(err) != ReasonTooLarge {
		t.Errorf("%d samples, %v", len(kept), err)
	}
}
