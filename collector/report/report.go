package report

import (
	"maps"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// A Report is the state of some registries, for people. Each text is one line without secrets and control characters;
// texts of other systems are cut after 300 characters.
type Report struct {
	Time       time.Time         `json:"time"` // when the last source was read
	Registries []*RegistryReport `json:"registries"`
	Summary    string            `json:"summary"`         // such as "1 registry, 9 checks, 1 failed: hub redis refused"; made by Summarize
	First      *FindingReport    `json:"first,omitempty"` // the finding to look at first; nil when there is none

	// Runbooks is the beginning of the address of a runbook in the text, such as
	// "https://exporter.example.org/runbooks/". Where Runbooks is empty, the text has the name of a runbook alone.
	Runbooks string `json:"-"`
}

// A RegistryReport is the state of one registry, or of one site of it.
type RegistryReport struct {
	Registry string           `json:"registry"`
	Site     string           `json:"site,omitempty"`
	URL      string           `json:"url"`     // of its front, from the configuration
	Passive  bool             `json:"passive"` // the site refuses writes on purpose
	State    source.State     `json:"state"`   // the worst of its sources
	Sources  []*SourceReport  `json:"sources"`
	Findings []*FindingReport `json:"findings"` // a fault stands before those that follow from it
	Contacts []Contact        `json:"contacts,omitempty"`
}

// A Contact says whom to call, from the configuration.
type Contact struct {
	For  string `json:"for"`  // what they look after, such as "swift"
	Call string `json:"call"` // who they are, and how to reach them
}

// ContactsOf sorts the contacts of a configuration by what people look after.
func ContactsOf(all map[string]string) []Contact {
	var contacts []Contact
	for _, name := range slices.Sorted(maps.Keys(all)) {
		contacts = append(contacts, Contact{For: name, Call: all[name]})
	}
	return contacts
}

// A SourceReport is the state of one source.
type SourceReport struct {
	Collector string       `json:"collector"`        // such as "api"
	Address   string       `json:"address"`          // host:port that was asked, or the paths of logs
	State     source.State `json:"state"`            // the worst of the source's own state and its findings'
	Seconds   float64      `json:"seconds"`          // how long the reading took, or the last run of the probe
	Ended     *time.Time   `json:"ended,omitempty"`  // when the last run of a probe ended; nil: none has ended, or the source is no probe
	Reason    string       `json:"reason,omitempty"` // of the failure, from the closed list; empty: the source could be read
	Error     string       `json:"error,omitempty"`
	Facts     []string     `json:"facts"` // such as "3 of 3 replicas OK"
	Steps     []StepReport `json:"steps"` // of the last run of a probe
}

// A StepReport is one step of the last run of a probe. A step that was not reached has none.
type StepReport struct {
	Step    string       `json:"step"` // such as "library/base:1.0 manifest"
	State   source.State `json:"state"`
	Seconds float64      `json:"seconds"`
	Reason  string       `json:"reason,omitempty"` // as in SourceReport
	Error   string       `json:"error,omitempty"`
	Note    string       `json:"note,omitempty"` // such as "3 layers, 27 MB"
}

// A FindingReport is one fault, as people are told of it.
type FindingReport struct {
	Registry  string       `json:"registry"` // with its site, such as "hub@eqiad"
	Collector string       `json:"collector"`
	Address   string       `json:"address"`
	State     source.State `json:"state"`            // failed or warning
	Severity  string       `json:"severity"`         // that of the alert: critical or warning
	Alert     string       `json:"alert,omitempty"`  // name of the alert about the same fault
	Runbook   bool         `json:"runbook"`          // there is a runbook for the alert
	Reason    string       `json:"reason,omitempty"` // of the failure; empty: the source could be read
	What      string       `json:"what"`             // what is wrong, with the likely cause
	Means     string       `json:"means"`            // what it means for people who pull and push
	Try       string       `json:"try,omitempty"`    // the next command, for a shell
	order     int          // index in impacts
	query     string       // names the registry in a link
}

// RunbookLink is the runbook about this registry, below /runbooks/: "RegistryDown?registry=hub&site=eqiad".
func (f *FindingReport) RunbookLink() string { return f.Alert + "?" + f.query }

// Name returns the name of the registry with its site, such as "hub@eqiad".
func (r *RegistryReport) Name() string { return source.Instance(r.Registry, r.Site) }

// findingsOf returns the findings about one source.
func (r *RegistryReport) findingsOf(s *SourceReport) []*FindingReport {
	var own []*FindingReport
	for _, f := range r.Findings {
		if f.Collector == s.Collector && f.Address == s.Address {
			own = append(own, f)
		}
	}
	return own
}

// Failed says whether a source has failed, or is a probe whose first run has not ended.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Registries, func(reg *RegistryReport) bool {
		return slices.ContainsFunc(reg.Sources, func(s *SourceReport) bool { return s.State == source.StateFailed || s.State == source.StateWaiting })
	})
}
