package collector

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"registry_exporter/collector/source"
)

// beforeItsRun makes a source, with a down sample, whose probe has not run yet.
func beforeItsRun(found func() source.Run) *source.Source {
	p := &source.Probe{Every: time.Minute, Run: func(context.Context) source.Run { return found() }}
	return p.Source(&source.Source{
		Collector: "test", Address: "a", Timeout: time.Minute, Down: []source.Sample{testUp.Sample(0, "a")},
	}, source.NewTrack())
}

// pageOf returns the samples of a source as a page shows them, such as "registry_test_up=0".
func pageOf(t *testing.T, s *source.Source) string {
	t.Helper()
	res := s.Get(t.Context(), maxScrape)
	var names []string
	for _, one := range append(res.Samples, aboutReading(res)...) {
		if one.Metric == collectorDuration {
			continue
		}
		name := strings.TrimPrefix(one.Metric.Name, "registry_")
		if one.Metric == collectorFailure {
			name += " " + one.Label("reason")
		}
		names = append(names, name+map[float64]string{0: "=0", 1: "=1"}[one.Value])
	}
	return strings.Join(names, ", ")
}

// TestProbeThatHasNotRunIsNotDown: a 0 before the first run would count as an outage in an average over a restart.
func TestProbeThatHasNotRunIsNotDown(t *testing.T) {
	if got := pageOf(t, beforeItsRun(nil)); got != "collector_failure pending=1" {
		t.Errorf("the page has %s", got)
	}
}

func TestProbeThatHasRunOnce(t *testing.T) {
	for want, found := range map[string]func() source.Run{
		"test_up=1, collector_success=1": func() source.Run {
			return source.Run{Samples: []source.Sample{testUp.Sample(1, "a")}}
		},
		"test_up=0, collector_success=1": func() source.Run { return source.Run{} },
		"test_up=0, collector_success=0, collector_failure panic=1": func() source.Run {
			panic("oh")
		},
		"test_up=0, collector_success=0, collector_failure digest_mismatch=1": func() source.Run {
			return source.Run{Err: source.Failed(source.ReasonDigestMismatch, "other bytes")}
		},
	} {
		s := beforeItsRun(found)
		s.Probe.Once(t.Context())
		if got := pageOf(t, s); got != want {
			t.Errorf("the page has %s, want %s", got, want)
		}
	}
}

// TestLogOfAProbeThatHasNotRun: waiting for the first run is no fault, and the success of this run is no recovery.
func TestLogOfAProbeThatHasNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		found source.Run
		want  []string
	}{
		"and goes well": {source.Run{}, []string{`level=debug msg="source has nothing to tell yet" reason=pending`, `level=debug msg="source was read"`}},
		"and fails": {source.Run{Err: source.Failed(source.ReasonTimeout, "no answer")}, []string{
			`level=debug msg="source has nothing to tell yet" reason=pending`, `level=warn msg="source fails" reason=timeout`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := beforeItsRun(func() source.Run { return c.found })
			r := &target{name: "hub"}
			r.add(s)
			for _, want := range c.want {
				var logged strings.Builder
				r.scrape(t.Context(), maxScrape, 0, func(string) bool { return true }, log.NewLogfmtLogger(&logged))
				for words := range strings.SplitSeq(want, " msg=") {
					if !strings.Contains(logged.String(), words) {
						t.Errorf("no %s in %s", words, &logged)
					}
				}
				s.Probe.Once(t.Context())
			}
		})
	}
}
