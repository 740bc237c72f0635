package report

import (
	"strconv"
	"strings"

	"registry_exporter/collector/source"
)

// A narrator puts into words what was read of one registry.
type narrator struct {
	*source.View
	name   string // of the registry, with its site
	hidden source.Mask
}

// source is what people read about one source.
func (n *narrator) source(res source.Result) *SourceReport {
	s := res.Source
	report := &SourceReport{
		Collector: s.Collector, Endpoint: n.hidden.Plain(s.Endpoint), State: stateOf(res.Err), Seconds: res.Duration.Seconds(),
		Reason: source.Reason(res.Err), Facts: []string{}, Steps: []StepReport{},
	}
	if res.Err != nil {
		report.Error = n.hidden.ErrorText(res.Err)
	}
	for _, fact := range n.facts(res) {
		report.Facts = append(report.Facts, n.hidden.Plain(fact))
	}
	if s.Probe == nil {
		return report
	}
	if end := res.Last.End; !end.IsZero() {
		report.Ended = &end
	}
	for _, done := range res.Steps() {
		step := StepReport{
			Step: n.hidden.Plain(done.Name), State: stateOf(done.Err), Seconds: done.Took.Seconds(),
			Reason: source.Reason(done.Err), Note: n.hidden.Plain(done.Note),
		}
		if done.Err != nil {
			step.Error = n.hidden.ErrorText(done.Err)
		}
		report.Steps = append(report.Steps, step)
	}
	return report
}

func stateOf(err error) source.State {
	switch source.Reason(err) {
	case "":
		return source.StateOK
	case source.ReasonPending:
		return source.StateWaiting
	}
	return source.StateFailed
}

// findings are what is wrong with a source: what it found, that it failed, and that its probe does not run.
func (n *narrator) findings(res source.Result) []*Finding {
	var found []*Finding
	if own := res.Source.Words.Findings; own != nil {
		for _, f := range own(n.View, res) {
			found = append(found, n.finding(res, f))
		}
	}
	if stateOf(res.Err) == source.StateFailed {
		found = append(found, n.failure(res))
	}
	if f, stale := n.stale(res); stale {
		found = append(found, n.finding(res, f))
	}
	return found
}

// finding adds to a finding what its alert means for people.
func (n *narrator) finding(res source.Result, f source.Finding) *Finding {
	known, order := impactOf(f.Alert)
	out := &Finding{
		Registry: n.name, Collector: res.Source.Collector, Endpoint: n.hidden.Plain(res.Source.Endpoint),
		State: f.State, Severity: known.severity, Alert: f.Alert, Runbook: f.Alert != "",
		What: n.hidden.Plain(f.What), Means: known.means, Try: n.hidden.Plain(f.Try), order: order,
	}
	if n.Passive && out.Severity == severityCritical {
		out.Means = passiveMeans
		if f.Alert != "RegistryStorageDown" {
			out.Severity = severityWarning
		}
	}
	return out
}

// failure says that a source could not be read, or that what it asks does not work.
func (n *narrator) failure(res source.Result) *Finding {
	why := source.Reason(res.Err)
	what, try := adviceFor(res, why)
	f := n.finding(res, source.Finding{State: source.StateFailed, Alert: n.alertOf(res, why), What: what, Try: try})
	f.Reason = why
	return f
}

// alertOf is the alert about the failure of a source.
func (n *narrator) alertOf(res source.Result, why string) string {
	own := res.Source.Words.Alert
	switch {
	case why == source.ReasonCanceled:
		return ""
	case own == nil:
		return source.CannotLook
	}
	return own(n.View, res)
}

// stale says that a probe has not run for so long that its last result says nothing any more.
func (n *narrator) stale(res source.Result) (f source.Finding, stale bool) {
	p := res.Source.Probe
	if p == nil {
		return f, false
	}
	age := n.Now.Sub(res.Last.End)
	if res.Last.End.IsZero() || age <= source.MaxMissed*max(p.Every, p.Timeout) {
		return f, false
	}
	return source.Finding{
		State: source.StateWarning, Alert: "RegistryProbeStale",
		What: "the last run ended " + source.Span(age) + " ago, and there should be one every " + source.Span(p.Every) + ": the exporter hangs",
	}, true
}

// facts are the few things worth telling of a result. A probe with steps tells them by these.
func (n *narrator) facts(res source.Result) []string {
	switch own := res.Source.Words.Facts; {
	case own != nil:
		return own(n.View, res)
	case len(res.Steps()) > 0:
		return nil
	}
	return firstNumbers(res)
}

// firstNumbers are the first few samples of a source that has no facts of its own, such as "objects blobs: 12".
func firstNumbers(res source.Result) []string {
	var facts []string
	for _, s := range res.Samples {
		name := strings.TrimPrefix(strings.TrimPrefix(s.Metric.Name, "registry_"), res.Source.Collector+"_")
		value := strconv.FormatFloat(s.Value, 'g', 6, 64)
		switch {
		case len(facts) == source.MaxNamed:
			return append(facts, "…")
		case strings.HasSuffix(name, "timestamp_seconds"), strings.HasSuffix(name, "interval_seconds"):
			continue
		case strings.HasSuffix(name, "_bytes"):
			value = source.Size(s.Value)
		case strings.HasSuffix(name, "_seconds"):
			value = source.Took(s.Value)
		}
		var own []string
		for i, label := range s.Metric.Labels {
			if label != "endpoint" && label != "role" {
				own = append(own, s.Labels[i])
			}
		}
		facts = append(facts, strings.TrimSpace(strings.ReplaceAll(name, "_", " ")+" "+strings.Join(own, " "))+": "+value)
	}
	return facts
}
