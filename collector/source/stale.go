package source

import (
	"slices"
	"strings"
	"time"
)

// IsStale says whether the last run of a probe ended more than MaxMissed intervals ago: what it said need not be so any
// more. Then a success leaves the page, and a failure stays until a newer run says otherwise: a page about it must not end
// because nobody looks.
func (r Result) IsStale(now time.Time) bool {
	return r.Source.Probe != nil && r.Source.Probe.isStale(r.Last, now)
}

func (p *Probe) isStale(last Run, now time.Time) bool {
	return !last.End.IsZero() && now.Sub(last.End) > MaxMissed*max(p.Every, p.Timeout)
}

// withoutSuccess drops each …_success that is 1.
func withoutSuccess(samples []Sample) []Sample {
	return slices.DeleteFunc(samples, func(s Sample) bool { return s.Value == 1 && strings.HasSuffix(s.Metric.Name, "_success") })
}
