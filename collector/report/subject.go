package report

import (
	"net/url"
	"slices"

	"registry_exporter/collector/source"
)

// A Subject is the registry that a report is about.
type Subject struct {
	Name, Site string // Site may be empty
	URL        string // of its front
	Contacts   []Contact
	Mask       source.Mask // masks its secrets in all texts
}

// Query names the registry in the link of a page, such as "registry=hub&site=eqiad".
func (s Subject) Query() string {
	q := url.Values{"registry": {s.Name}}
	if s.Site != "" {
		q.Set("site", s.Site)
	}
	return q.Encode()
}

// Report puts the results of v into words. A finding that several sources have in the same words is there once.
func (s Subject) Report(v *source.View) *RegistryReport {
	n := &narrator{v, source.Instance(s.Name, s.Site), s.Query(), s.Mask}
	all := &RegistryReport{
		Registry: s.Name, Site: s.Site, URL: s.URL, Passive: v.Passive, Contacts: s.Contacts,
		State: source.StateOK, Sources: []*SourceReport{}, Findings: []*FindingReport{},
	}
	for _, res := range v.Results {
		one := n.sourceReport(res)
		for _, f := range n.findings(res) {
			one.State = worst(one.State, f.State)
			all.add(f)
		}
		all.State = worst(all.State, one.State)
		all.Sources = append(all.Sources, one)
	}
	slices.SortStableFunc(all.Findings, func(a, b *FindingReport) int { return a.order - b.order })
	return all
}

// add adds a finding, unless one with the same alert and words is there: each replica of a cluster may tell the same.
func (r *RegistryReport) add(f *FindingReport) {
	for _, known := range r.Findings {
		if known.Alert == f.Alert && known.What == f.What {
			return
		}
	}
	r.Findings = append(r.Findings, f)
}

// worst is the worse of two states.
func worst(a, b source.State) source.State {
	order := []source.State{source.StateOK, source.StateWaiting, source.StateWarning, source.StateFailed}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}
