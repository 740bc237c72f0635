package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

func worse(a, b source.State) source.State {
	order := []source.State{source.StateOK, source.StateWaiting, source.StateWarning, source.StateFailed}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// A Report is what was found at some registries, for people. None of its texts holds a secret, a control
// character or more than a few lines.
type Report struct {
	Time       time.Time         `json:"time"`
	Registries []*RegistryReport `json:"registries"`
	Summary    string            `json:"summary"`
	First      *Finding          `json:"first,omitempty"` // what to look at first
}

// A RegistryReport is what was found at one registry, or one site of it.
type RegistryReport struct {
	Registry string          `json:"registry"`
	Site     string          `json:"site,omitempty"`
	URL      string          `json:"url"`
	Passive  bool            `json:"passive"`
	State    source.State    `json:"state"`
	Sources  []*SourceReport `json:"sources"`
	Findings []*Finding      `json:"findings"` // what is wrong: what the rest follows from comes first
}

// A SourceReport is what one endpoint said about itself.
type SourceReport struct {
	Collector string       `json:"collector"`
	Endpoint  string       `json:"endpoint"`
	State     source.State `json:"state"`
	Seconds   float64      `json:"seconds"`
	Ended     *time.Time   `json:"ended,omitempty"` // the last run, of a probe
	Reason    string       `json:"reason,omitempty"`
	Error     string       `json:"error,omitempty"`
	Facts     []string     `json:"facts"`
	Steps     []StepReport `json:"steps"`
}

// A StepReport is one thing that a probe did. What it did not get to is not there.
type StepReport struct {
	Step    string       `json:"step"`
	State   source.State `json:"state"`
	Seconds float64      `json:"seconds"`
	Reason  string       `json:"reason,omitempty"`
	Error   string       `json:"error,omitempty"`
	Note    string       `json:"note,omitempty"`
}

// A Finding is one thing that is wrong.
type Finding struct {
	Registry  string       `json:"registry"` // with its site: hub@eqiad
	Collector string       `json:"collector"`
	Endpoint  string       `json:"endpoint"`
	State     source.State `json:"state"`    // failed or warning
	Severity  string       `json:"severity"` // critical or warning, as that of its alert
	Alert     string       `json:"alert,omitempty"`
	Runbook   bool         `json:"runbook"` // there is one for the alert
	Reason    string       `json:"reason,omitempty"`
	What      string       `json:"what"`          // with the likely cause
	Means     string       `json:"means"`         // for people who pull and push
	Try       string       `json:"try,omitempty"` // the next command
	order     int
}

// Name is the registry with its site, as hub@eqiad.
func (r *RegistryReport) Name() string { return source.Instance(r.Registry, r.Site) }

// A Subject is the registry that a report is about.
type Subject struct {
	Name, Site, URL string
	Mask            source.Mask // takes out its secrets
}

// Report puts into words what was read.
func (s Subject) Report(v *source.View) *RegistryReport {
	n := &narrator{v, source.Instance(s.Name, s.Site), s.Mask}
	report := &RegistryReport{
		Registry: s.Name, Site: s.Site, URL: s.URL, Passive: v.Passive,
		State: source.StateOK, Sources: []*SourceReport{}, Findings: []*Finding{},
	}
	for _, res := range v.Results {
		one := n.source(res)
		for _, f := range n.findings(res) {
			one.State = worse(one.State, f.State)
			report.add(f)
		}
		report.State = worse(report.State, one.State)
		report.Sources = append(report.Sources, one)
	}
	slices.SortStableFunc(report.Findings, func(a, b *Finding) int { return a.order - b.order })
	return report
}

// add keeps a finding that says something new: each replica of a cluster may tell the same.
func (r *RegistryReport) add(f *Finding) {
	for _, known := range r.Findings {
		if known.Alert == f.Alert && known.What == f.What {
			return
		}
	}
	r.Findings = append(r.Findings, f)
}

// findings are those of one source.
func (r *RegistryReport) findings(s *SourceReport) []*Finding {
	var own []*Finding
	for _, f := range r.Findings {
		if f.Collector == s.Collector && f.Endpoint == s.Endpoint {
			own = append(own, f)
		}
	}
	return own
}

// Summarize counts, names what failed, and finds what to look at first.
func (r *Report) Summarize() {
	count := map[source.State]int{}
	sources := 0
	var failed []*Finding
	for _, reg := range r.Registries {
		sources += len(reg.Sources)
		for _, s := range reg.Sources {
			count[s.State]++
		}
		for _, f := range reg.Findings {
			if f.State == source.StateFailed {
				failed = append(failed, f)
			}
		}
		if len(reg.Findings) > 0 && (r.First == nil || reg.Findings[0].order < r.First.order) {
			r.First = reg.Findings[0]
		}
	}
	r.Summary = fmt.Sprintf("%s, %s, %d failed", source.Plural(len(r.Registries), "registry", "registries"), source.Plural(sources, "check", "checks"), count[source.StateFailed])
	if n := count[source.StateWarning]; n > 0 {
		r.Summary += ", " + source.Plural(n, "warning", "warnings")
	}
	if n := count[source.StateWaiting]; n > 0 {
		r.Summary += fmt.Sprintf(", %d not run yet", n)
	}
	slices.SortStableFunc(failed, func(a, b *Finding) int { return a.order - b.order })
	var names []string
	for _, f := range failed {
		if name := strings.TrimRight(f.Registry+" "+f.Collector+" "+f.Reason, " "); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		r.Summary += ": " + source.Some(names)
	}
}

// Failed says whether anything is broken, or could not be looked at.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Registries, func(reg *RegistryReport) bool {
		return slices.ContainsFunc(reg.Sources, func(s *SourceReport) bool { return s.State == source.StateFailed || s.State == source.StateWaiting })
	})
}
