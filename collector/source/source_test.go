package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var (
	testUp    = Gauge("registry_test_up", "A down sample.", "address")
	testExtra = Gauge("registry_test_extra", "Learnt on the way.", "address")
)

// longScrape is longer than any source may take.
const longScrape = 5 * time.Minute

// testSource reads for at most 10 s.
func testSource(read func(context.Context) ([]Sample, error)) *Source {
	return &Source{
		Collector: "test", Address: "a", Timeout: 10 * time.Second,
		Down: []Sample{testUp.Sample(0, "a")}, Read: read,
	}
}

// answersAfter is a read that learns testExtra at once and testUp after d, and counts how often it began.
func answersAfter(d time.Duration, reads *atomic.Int64) func(context.Context) ([]Sample, error) {
	return func(ctx context.Context) ([]Sample, error) {
		reads.Add(1)
		learnt := []Sample{testExtra.Sample(1, "a")}
		select {
		case <-time.After(d):
			return append(learnt, testUp.Sample(1, "a")), nil
		case <-ctx.Done():
			return learnt, fmt.Errorf("asking: %w", ctx.Err())
		}
	}
}

// describe is what a result puts on the page, as one short text.
func describe(r Result) string {
	var words []string
	for _, s := range r.Samples {
		words = append(words, fmt.Sprintf("%s=%v", strings.TrimPrefix(s.Metric.Name, "registry_test_"), s.Value))
	}
	if r.Err != nil {
		words = append(words, Reason(r.Err))
	}
	return strings.Join(words, " ")
}

func wantResult(t *testing.T, r Result, want string) {
	t.Helper()
	if got := describe(r); got != want {
		t.Errorf("got %q (%v), want %q", got, r.Err, want)
	}
}

// wantElapsed says how long after start it has to be, in the time of synctest.
func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(start); got != want {
		t.Errorf("after %s, want %s", got, want)
	}
}

func TestPanicOfASource(t *testing.T) {
	s := testSource(func(context.Context) ([]Sample, error) { panic("no such thing") })
	r := s.Get(t.Context(), longScrape)
	wantResult(t, r, "up=0 panic")
	if text := r.Err.Error(); !strings.Contains(text, "no such thing") || !strings.Contains(text, "source_test.go") {
		t.Errorf("the error does not say what and where: %s", text)
	}
}

func TestSameSeriesTwice(t *testing.T) {
	s := testSource(func(context.Context) ([]Sample, error) {
		return []Sample{testExtra.Sample(1, "a"), testUp.Sample(1, "a"), testExtra.Sample(2, "a"), testExtra.Sample(3, "b")}, nil
	})
	wantResult(t, s.Get(t.Context(), longScrape), "extra=1 up=1 extra=3 bad_answer")
}

func TestMoreSamplesThanASourceMayHave(t *testing.T) {
	s := testSource(func(context.Context) (samples []Sample, err error) {
		for i := range MaxSamples + 1 {
			samples = append(samples, testExtra.Sample(float64(i), fmt.Sprint(i)))
		}
		return samples, errors.New("and something else")
	})
	r := s.Get(t.Context(), longScrape)
	if n := len(r.Samples); n != MaxSamples+1 || r.Samples[MaxSamples-1].Value != MaxSamples-1 {
		t.Errorf("%d samples, want the first %d and that of being down", n, MaxSamples)
	}
	if Reason(r.Err) != ReasonTooLarge || !strings.Contains(r.Err.Error(), "and something else") {
		t.Errorf("error is %v", r.Err)
	}
}
