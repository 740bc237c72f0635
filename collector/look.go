package collector

import "time"

// A look is what was read of one registry, on its way into words.
type look struct {
	*registry
	results []result
	now     time.Time
	hidden  mask

	frontUp      bool
	availability float64 // of MSR's tables in the best view; 4 when none was read
}

func newLook(r *registry, results []result, now time.Time) *look {
	l := &look{registry: r, results: results, now: now, hidden: r.secrets.mask(), availability: -1}
	for _, res := range results {
		up, _ := res.value(apiUp)
		l.frontUp = l.frontUp || up == 1 && l.isFront(res.source)
		if lowest, found := res.lowest(msrTableAvailability); found {
			l.availability = max(l.availability, lowest)
		}
	}
	if l.availability < 0 {
		l.availability = 4
	}
	return l
}

func (l *look) isFront(s *source) bool { return s.endpoint == l.config.URL.Endpoint() }

// source is what people read about one source.
func (l *look) source(res result) *SourceReport {
	s := res.source
	report := &SourceReport{
		Collector: s.collector, Endpoint: l.hidden.plain(s.endpoint), State: stateOf(res.err), Seconds: res.duration.Seconds(),
		Reason: reason(res.err), Facts: []string{}, Steps: []StepReport{},
	}
	if res.err != nil {
		report.Error = l.hidden.errorText(res.err)
	}
	for _, fact := range l.facts(res) {
		report.Facts = append(report.Facts, l.hidden.plain(fact))
	}
	if s.probe == nil {
		return report
	}
	last := s.probe.track.result()
	if !last.end.IsZero() {
		report.Ended = &last.end
	}
	for _, done := range last.steps {
		step := StepReport{
			Step: l.hidden.plain(done.name), State: stateOf(done.err), Seconds: done.took.Seconds(),
			Reason: reason(done.err), Note: l.hidden.plain(done.note),
		}
		if done.err != nil {
			step.Error = l.hidden.errorText(done.err)
		}
		report.Steps = append(report.Steps, step)
	}
	return report
}

func stateOf(err error) State {
	switch reason(err) {
	case "":
		return StateOK
	case reasonPending:
		return StateWaiting
	}
	return StateFailed
}
