package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A State is how something is.
type State string

// The states, the better first. What waits is a probe whose first run has not ended.
const (
	StateOK      State = "ok"
	StateWaiting State = "waiting"
	StateWarning State = "warning"
	StateFailed  State = "failed"
)

func worse(a, b State) State {
	order := []State{StateOK, StateWaiting, StateWarning, StateFailed}
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
	State    State           `json:"state"`
	Sources  []*SourceReport `json:"sources"`
	Findings []*Finding      `json:"findings"` // what is wrong: what the rest follows from comes first
}

// A SourceReport is what one endpoint said about itself.
type SourceReport struct {
	Collector string       `json:"collector"`
	Endpoint  string       `json:"endpoint"`
	State     State        `json:"state"`
	Seconds   float64      `json:"seconds"`
	Ended     *time.Time   `json:"ended,omitempty"` // the last run, of a probe
	Reason    string       `json:"reason,omitempty"`
	Error     string       `json:"error,omitempty"`
	Facts     []string     `json:"facts"`
	Steps     []StepReport `json:"steps"`
}

// A StepReport is one thing that a probe did. What it did not get to is not there.
type StepReport struct {
	Step    string  `json:"step"`
	State   State   `json:"state"`
	Seconds float64 `json:"seconds"`
	Reason  string  `json:"reason,omitempty"`
	Error   string  `json:"error,omitempty"`
	Note    string  `json:"note,omitempty"`
}

// A Finding is one thing that is wrong.
type Finding struct {
	Registry  string `json:"registry"` // with its site: hub@eqiad
	Collector string `json:"collector"`
	Endpoint  string `json:"endpoint"`
	State     State  `json:"state"`    // failed or warning
	Severity  string `json:"severity"` // critical or warning, as that of its alert
	Alert     string `json:"alert,omitempty"`
	Runbook   bool   `json:"runbook"` // there is one for the alert
	Reason    string `json:"reason,omitempty"`
	What      string `json:"what"`          // with the likely cause
	Means     string `json:"means"`         // for people who pull and push
	Try       string `json:"try,omitempty"` // the next command
	order     int
}

// Name is the registry with its site, as hub@eqiad.
func (r *RegistryReport) Name() string { return instance(r.Registry, r.Site) }

// Check runs every source and every probe of the named registries once, or of all of them, and tells what was found.
// A name without its site stands for all sites.
func (e *Exporter) Check(ctx context.Context, names []string) (*Report, error) {
	registries, err := e.live.Load().named(names)
	if err != nil {
		return nil, err
	}
	return reportOn(registries, func(r *registry) []result { return r.check(ctx) }), nil
}

// check reads every source, after a run of those that are probes.
func (r *registry) check(ctx context.Context) []result {
	var group sync.WaitGroup
	results := make([]result, len(r.sources))
	for i, s := range r.sources {
		group.Go(func() {
			if s.probe != nil {
				s.probe.once(ctx)
			}
			results[i] = s.get(ctx, s.timeout)
		})
	}
	group.Wait()
	return results
}

func (l *live) named(names []string) ([]*registry, error) {
	if len(names) == 0 {
		return l.registries, nil
	}
	var found []*registry
	for _, name := range names {
		before := len(found)
		for _, r := range l.registries {
			if name == r.name || name == r.instance() {
				found = append(found, r)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("no registry %q in the configuration; there are: %s (the URL of another begins with https://)", name, strings.Join(l.names(), ", "))
		}
	}
	slices.SortStableFunc(found, func(a, b *registry) int {
		return slices.Index(l.registries, a) - slices.Index(l.registries, b)
	})
	return slices.Compact(found), nil
}

// reportOn reads the registries at once.
func reportOn(registries []*registry, read func(*registry) []result) *Report {
	report := &Report{Registries: make([]*RegistryReport, len(registries))}
	var group sync.WaitGroup
	for i, r := range registries {
		group.Go(func() { report.Registries[i] = r.report(read(r), time.Now()) })
	}
	group.Wait()
	report.Time = time.Now()
	report.summarize()
	return report
}

// report puts into words what was read.
func (r *registry) report(results []result, now time.Time) *RegistryReport {
	n := &narrator{&view{now, r.passive, frontIsUp(results), results}, r.instance(), r.secrets.mask()}
	report := &RegistryReport{
		Registry: r.name, Site: r.site, URL: r.config.URL.String(), Passive: r.passive,
		State: StateOK, Sources: []*SourceReport{}, Findings: []*Finding{},
	}
	for _, res := range results {
		s := n.source(res)
		for _, f := range n.findings(res) {
			s.State = worse(s.State, f.State)
			report.add(f)
		}
		report.State = worse(report.State, s.State)
		report.Sources = append(report.Sources, s)
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

// summarize counts, names what failed, and finds what to look at first.
func (r *Report) summarize() {
	count := map[State]int{}
	sources := 0
	var failed []*Finding
	for _, reg := range r.Registries {
		sources += len(reg.Sources)
		for _, s := range reg.Sources {
			count[s.State]++
		}
		for _, f := range reg.Findings {
			if f.State == StateFailed {
				failed = append(failed, f)
			}
		}
		if len(reg.Findings) > 0 && (r.First == nil || reg.Findings[0].order < r.First.order) {
			r.First = reg.Findings[0]
		}
	}
	r.Summary = fmt.Sprintf("%s, %s, %d failed", plural(len(r.Registries), "registry", "registries"), plural(sources, "check", "checks"), count[StateFailed])
	if n := count[StateWarning]; n > 0 {
		r.Summary += ", " + plural(n, "warning", "warnings")
	}
	if n := count[StateWaiting]; n > 0 {
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
		r.Summary += ": " + some(names)
	}
}

// Failed says whether anything is broken, or could not be looked at.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Registries, func(reg *RegistryReport) bool {
		return slices.ContainsFunc(reg.Sources, func(s *SourceReport) bool { return s.State == StateFailed || s.State == StateWaiting })
	})
}

// maxNamed bounds lists in sentences.
const maxNamed = 5
