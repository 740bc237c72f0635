package collector

import (
	"strconv"
	"strings"
)

// A narrator puts into words what was read of one registry.
type narrator struct {
	*view
	name   string // of the registry, with its site
	hidden mask
}

// source is what people read about one source.
func (n *narrator) source(res result) *SourceReport {
	s := res.source
	report := &SourceReport{
		Collector: s.collector, Endpoint: n.hidden.plain(s.endpoint), State: stateOf(res.err), Seconds: res.duration.Seconds(),
		Reason: reason(res.err), Facts: []string{}, Steps: []StepReport{},
	}
	if res.err != nil {
		report.Error = n.hidden.errorText(res.err)
	}
	for _, fact := range n.facts(res) {
		report.Facts = append(report.Facts, n.hidden.plain(fact))
	}
	if s.probe == nil {
		return report
	}
	if end := res.last.end; !end.IsZero() {
		report.Ended = &end
	}
	for _, done := range res.steps() {
		step := StepReport{
			Step: n.hidden.plain(done.name), State: stateOf(done.err), Seconds: done.took.Seconds(),
			Reason: reason(done.err), Note: n.hidden.plain(done.note),
		}
		if done.err != nil {
			step.Error = n.hidden.errorText(done.err)
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

// findings are what is wrong with a source: what it found, that it failed, and that its probe does not run.
func (n *narrator) findings(res result) []*Finding {
	var found []*Finding
	if own := res.source.words.findings; own != nil {
		for _, f := range own(n.view, res) {
			found = append(found, n.finding(res, f))
		}
	}
	if stateOf(res.err) == StateFailed {
		found = append(found, n.failure(res))
	}
	if f, stale := n.stale(res); stale {
		found = append(found, n.finding(res, f))
	}
	return found
}

// finding adds to a finding what its alert means for people.
func (n *narrator) finding(res result, f sourceFinding) *Finding {
	known, order := impactOf(f.alert)
	out := &Finding{
		Registry: n.name, Collector: res.source.collector, Endpoint: n.hidden.plain(res.source.endpoint),
		State: f.state, Severity: known.severity, Alert: f.alert, Runbook: f.alert != "",
		What: n.hidden.plain(f.what), Means: known.means, Try: n.hidden.plain(f.try), order: order,
	}
	if n.passive && out.Severity == severityCritical {
		out.Means = passiveMeans
		if f.alert != "RegistryStorageDown" {
			out.Severity = severityWarning
		}
	}
	return out
}

// failure says that a source could not be read, or that what it asks does not work.
func (n *narrator) failure(res result) *Finding {
	why := reason(res.err)
	what, try := adviceFor(res, why)
	f := n.finding(res, sourceFinding{StateFailed, n.alertOf(res, why), what, try})
	f.Reason = why
	return f
}

// alertOf is the alert about the failure of a source.
func (n *narrator) alertOf(res result, why string) string {
	own := res.source.words.alert
	switch {
	case why == reasonCanceled:
		return ""
	case own == nil:
		return cannotLook
	}
	return own(n.view, res)
}

// stale says that a probe has not run for so long that its last result says nothing any more.
func (n *narrator) stale(res result) (f sourceFinding, stale bool) {
	p := res.source.probe
	if p == nil {
		return f, false
	}
	age := n.now.Sub(res.last.end)
	if res.last.end.IsZero() || age <= maxMissed*max(p.every, p.timeout) {
		return f, false
	}
	return sourceFinding{
		state: StateWarning, alert: "RegistryProbeStale",
		what: "the last run ended " + span(age) + " ago, and there should be one every " + span(p.every) + ": the exporter hangs",
	}, true
}

// facts are the few things worth telling of a result. A probe with steps tells them by these.
func (n *narrator) facts(res result) []string {
	switch own := res.source.words.facts; {
	case own != nil:
		return own(n.view, res)
	case len(res.steps()) > 0:
		return nil
	}
	return firstNumbers(res)
}

// firstNumbers are the first few samples of a source that has no facts of its own, such as "objects blobs: 12".
func firstNumbers(res result) []string {
	var facts []string
	for _, s := range res.samples {
		name := strings.TrimPrefix(strings.TrimPrefix(s.metric.name, "registry_"), res.source.collector+"_")
		value := strconv.FormatFloat(s.value, 'g', 6, 64)
		switch {
		case len(facts) == maxNamed:
			return append(facts, "…")
		case strings.HasSuffix(name, "timestamp_seconds"), strings.HasSuffix(name, "interval_seconds"):
			continue
		case strings.HasSuffix(name, "_bytes"):
			value = size(s.value)
		case strings.HasSuffix(name, "_seconds"):
			value = took(s.value)
		}
		var own []string
		for i, label := range s.metric.labels {
			if label != "endpoint" && label != "role" {
				own = append(own, s.labels[i])
			}
		}
		facts = append(facts, strings.TrimSpace(strings.ReplaceAll(name, "_", " ")+" "+strings.Join(own, " "))+": "+value)
	}
	return facts
}
