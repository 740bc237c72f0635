package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"registry_exporter/collector/source"
)

// A narrator puts the results of one registry into words.
type narrator struct {
	*source.View
	name  string // of the registry, with its site
	query string // that names both in a link
	mask  source.Mask
}

// sourceReport is the report on one source, without its findings.
func (n *narrator) sourceReport(res source.Result) *SourceReport {
	s := res.Source
	one := &SourceReport{
		Collector: s.Collector, Address: n.mask.Plain(s.Address), State: stateOf(res.Err), Seconds: res.Duration.Seconds(),
		Reason: source.Reason(res.Err), Facts: []string{}, Steps: []StepReport{},
	}
	if res.Err != nil {
		one.Error = n.mask.ErrorText(res.Err)
	}
	for _, fact := range n.facts(res) {
		one.Facts = append(one.Facts, n.mask.Plain(fact))
	}
	if s.Probe == nil {
		return one
	}
	if end := res.Last.End; !end.IsZero() {
		one.Ended = &end
	}
	for _, done := range res.Steps() {
		step := StepReport{
			Step: n.mask.Plain(done.Name), State: stateOf(done.Err), Seconds: done.Took.Seconds(),
			Reason: source.Reason(done.Err), Note: n.mask.Plain(done.Note),
		}
		if done.Err != nil {
			step.Error = n.mask.ErrorText(done.Err)
		}
		one.Steps = append(one.Steps, step)
	}
	return one
}

// stateOf is the state of a source, or of a step, with this error.
func stateOf(err error) source.State {
	switch source.Reason(err) {
	case "":
		return source.StateOK
	case source.ReasonPending:
		return source.StateWaiting
	}
	return source.StateFailed
}

// findings returns the findings about one source in this order: those of its words, one for its failure, and one when its
// probe has not run for long.
func (n *narrator) findings(res source.Result) []*FindingReport {
	var found []*FindingReport
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

// finding adds the severity and the meaning of the alert to a finding of a source. At a passive site every finding is a
// warning but that of RegistryStorageDown.
func (n *narrator) finding(res source.Result, f source.Finding) *FindingReport {
	known, order := impactOf(f.Alert)
	out := &FindingReport{
		Registry: n.name, Collector: res.Source.Collector, Address: n.mask.Plain(res.Source.Address),
		State: f.State, Severity: known.severity, Alert: f.Alert, Runbook: f.Alert != "", query: n.query,
		What: n.mask.Plain(f.What), Means: known.means, Try: n.mask.Plain(f.Try), order: order,
	}
	if n.Passive && out.Severity == severityCritical {
		out.Means = passiveMeans
		if f.Alert != "RegistryStorageDown" {
			out.Severity = severityWarning
		}
	}
	return out
}

// failure is the finding about a source that failed.
func (n *narrator) failure(res source.Result) *FindingReport {
	reason := source.Reason(res.Err)
	what, try := adviceFor(res, reason)
	told := source.Finding{State: source.StateFailed, Alert: n.alertOf(res, reason), What: what, Try: try}
	if c := n.Cause; c != nil && res.Source.Words.AsClient && slices.Contains(ofACause, reason) {
		told.What, told.Try, told.Alert = c.What, c.Try, cmp.Or(c.Alert, told.Alert)
	}
	f := n.finding(res, told)
	f.Reason = reason
	return f
}

// ofACause are the reasons with which a registry answers clients for want of a part of its own. Its certificate, a name that is not
// resolved and a right that the account lacks have other causes.
var ofACause = []string{
	source.ReasonUnauthorized, source.ReasonNotFound, source.ReasonClientError, source.ReasonServerError, source.ReasonUnavailable,
	source.ReasonTimeout, source.ReasonReset, source.ReasonBadAnswer, source.ReasonUploadLost,
}

// alertOf returns the alert about the failure of a source. A reading that was interrupted has none.
func (n *narrator) alertOf(res source.Result, reason string) string {
	own := res.Source.Words.Alert
	switch {
	case reason == source.ReasonCanceled:
		return ""
	case reason == source.ReasonExporterOverloaded:
		return "RegistryExporterOverloaded"
	case own == nil:
		return source.CannotLook
	}
	return own(n.View, res)
}

// stale is the finding about a probe whose last run ended more than source.MaxMissed intervals ago.
func (n *narrator) stale(res source.Result) (f source.Finding, stale bool) {
	if !res.IsStale(n.Now) {
		return f, false
	}
	p, age := res.Source.Probe, n.Now.Sub(res.Last.End)
	return source.Finding{
		State: source.StateWarning, Alert: "RegistryProbeStale",
		What: "the last run ended " + source.Span(age) + " ago, and there should be one every " + source.Span(p.Every) + ": the exporter hangs",
	}, true
}

// facts returns the facts of the source's words, such as "3 of 3 replicas OK". For a source without words it returns its
// first numbers; it returns nothing then when the source has steps to show.
func (n *narrator) facts(res source.Result) []string {
	switch own := res.Source.Words.Facts; {
	case own != nil:
		return own(n.View, res)
	case len(res.Steps()) > 0:
		return nil
	}
	return firstNumbers(res)
}

// firstNumbers returns the first five samples of a source as texts: registry_mirror_lines_total{code="200"} 12345 becomes
// "lines total 200: 12345".
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
			if label != "address" && label != "role" {
				own = append(own, s.Labels[i])
			}
		}
		facts = append(facts, strings.TrimSpace(strings.ReplaceAll(name, "_", " ")+" "+strings.Join(own, " "))+": "+value)
	}
	return facts
}
