package source

import "time"

// Words are what a source tells people beyond its metrics. Every field may be nil.
type Words struct {
	Place    func(Result) Place            // the thing that is asked, for sentences and commands
	Facts    func(*View, Result) []string  // such as "3 of 3 replicas are ready"
	Findings func(*View, Result) []Finding // faults that the samples show, though the source could be read
	Alert    func(*View, Result) string    // name of the alert about Result.Err; nil: CannotLook
	AsClient bool                          // it asks what clients ask: View.Cause is the cause of its failures, too
	Advice   []Advice                      // comes before the advice that the report has for all sources
}

// A View is all results of one registry at one time: a source may need those of others for its findings.
type View struct {
	Now         time.Time
	Passive     bool // the configuration says passive: this site refuses writes on purpose
	FrontUp     bool // /v2/ of the front answers as a registry does
	ClientsFail bool // a pull or a push through the front fails, and not for the exporter's account
	Results     []Result
	Cause       *Finding // why logins, pulls and pushes fail, as the registry says of itself; nil: it says nothing. Without an alert it has that of the source
}

// A Finding is one fault, as the source that found it describes it.
type Finding struct {
	State State  // StateFailed or StateWarning
	Alert string // name of the alert about the same fault; empty: there is none
	What  string // a sentence about the fault
	Try   string // the next command; Place.Fill fills in its {host} and the like
}

// CannotLook is the alert about an account, a path or a certificate of the exporter's own that does not do.
const CannotLook = "RegistryExporterCannotLook"
