package source

import (
	"context"
	"testing"
	"time"
)

var testSuccess = Gauge("registry_test_success", "1 if it works.", "address")

// A page about a failure must not end because nobody looks any more; a success that nobody has seen lately is none.
func TestAStaleSuccessLeavesThePageAndAStaleFailureStays(t *testing.T) {
	for _, c := range []struct {
		name  string
		value float64
		age   time.Duration
		stays bool
	}{
		{"a success", 1, 2 * time.Minute, true},
		{"a stale success", 1, 4 * time.Minute, false},
		{"a failure", 0, 2 * time.Minute, true},
		{"a stale failure", 0, 4 * time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProbe(time.Minute, nil)
			s := p.Source(&Source{Timeout: time.Second, Down: []Sample{testSuccess.Sample(0, "a")}}, p.track)
			p.track.last = Run{Samples: []Sample{testSuccess.Sample(c.value, "a")}, End: time.Now().Add(-c.age)}
			res := s.Get(t.Context(), time.Second)
			value, shown := res.Value(testSuccess)
			if shown != c.stays || shown && value != c.value {
				t.Errorf("shown %t, value %v", shown, value)
			}
		})
	}
}

func TestAProbeWhoseConfigurationIsTheSameKeepsItsTimeOverReloads(t *testing.T) {
	ran := make(chan struct{}, 100)
	p := testProbe(200*time.Millisecond, func(context.Context) Run {
		ran <- struct{}{}
		return Run{Err: Failed(ReasonServerError, "no")}
	})
	goesOn := false
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); goesOn = true { // a reload each 5 ms
		begins, stop := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, stop)
		p.Loop(begins, t.Context(), goesOn, Turn{Of: 1})
	}
	if n := len(ran); n < 3 || n > 12 {
		t.Errorf("%d runs in two seconds, want some 10", n)
	}
}
