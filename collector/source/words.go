package source

import (
	"slices"
	"strings"
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

// Mark is the state as a sign.
func (s State) Mark() string {
	return map[State]string{StateOK: "✓", StateWarning: "!", StateWaiting: "…", StateFailed: "✗"}[s]
}

// Words are what a source tells people beyond its metrics. Every part is optional.
type Words struct {
	Place    func(Result) Place            // the thing that is asked, for sentences and commands
	Facts    func(*View, Result) []string  // what is worth telling of a result
	Findings func(*View, Result) []Finding // what is wrong, though the source could be read
	Alert    func(*View, Result) string    // the alert about a failure; without it: RegistryExporterCannotLook
	Advice   []Advice                      // rows that come before the general ones
}

// A View is a registry as one report reads it: a source may need to know what others have found.
type View struct {
	Now     time.Time
	Passive bool // the site refuses writes on purpose
	FrontUp bool // /v2/ of the front answers as a registry does
	Results []Result
}

// A Finding is one thing that is wrong, as the source sees it that found it.
type Finding struct {
	State     State  // failed or warning
	Alert     string // about the same fault; empty when there is none
	What, Try string // a sentence, and the next command
}

// An Advice is what a reason mostly means at a source, and the next command. A row without reasons is for all of them.
type Advice struct {
	Reasons   string
	When      func(Result) bool // a row with a condition comes before those without
	What, Try string
}

func (a Advice) Fits(res Result, why string) bool {
	return (a.Reasons == "" || slices.Contains(strings.Fields(a.Reasons), why)) && (a.When == nil || a.When(res))
}

// AnyOf joins reasons for a row of advice.
func AnyOf(reasons ...string) string { return strings.Join(reasons, " ") }

// WantsLogin is for what mostly needs no account.
var WantsLogin = Advice{
	Reasons: ReasonUnauthorized, Try: TryRequest,
	What: "{endpoint} wants a login here: let the exporter's address through, or give it an account under http",
}

// CannotLook is the alert about an account, a path or a certificate of the exporter's own that does not do.
const CannotLook = "RegistryExporterCannotLook"

// IsOurs says whether a failure is mostly ours to mend, as the alerts have it: our account, our certificate, a bug.
func IsOurs(why string) bool {
	return slices.Contains([]string{ReasonUnauthorized, ReasonForbidden, ReasonNotFound, ReasonTLSClientCert, ReasonPanic}, why)
}

// IsCertificate says whether an error is about the certificate that was served.
func IsCertificate(err error) bool {
	return slices.Contains([]string{ReasonTLSUnknownAuthority, ReasonTLSHostname, ReasonTLSNoIPSAN, ReasonTLSExpired, ReasonTLSNotYetValid, ReasonTLSOther}, Reason(err))
}

func (r Result) Place() Place {
	if p := r.Source.Words.Place; p != nil {
		return p(r)
	}
	return PlaceOf(r.Source.Endpoint)
}

// Value is the value of the first sample of a metric.
func (r Result) Value(m *Metric) (value float64, found bool) {
	for _, s := range r.Samples {
		if s.Metric.Name == m.Name {
			return s.Value, true
		}
	}
	return 0, false
}

// Lowest is the lowest value of a metric.
func (r Result) Lowest(m *Metric) (value float64, found bool) {
	for _, s := range r.All(m) {
		if !found || s.Value < value {
			value, found = s.Value, true
		}
	}
	return value, found
}

// All are the samples of a metric.
func (r Result) All(m *Metric) []Sample {
	var all []Sample
	for _, s := range r.Samples {
		if s.Metric.Name == m.Name {
			all = append(all, s)
		}
	}
	return all
}

// Where are the values of a label of those samples of a metric that have a value, each once.
func (r Result) Where(m *Metric, value float64, label string) []string {
	var values []string
	for _, s := range r.All(m) {
		if s.Value == value && !slices.Contains(values, s.Label(label)) {
			values = append(values, s.Label(label))
		}
	}
	return values
}

// Label is the value of one of the metric's own labels.
func (s Sample) Label(name string) string {
	return s.Labels[slices.Index(s.Metric.Labels, name)]
}

// Steps are those of the last run of a probe; none of another source.
func (r Result) Steps() []Step {
	return r.Last.Steps
}

// FailedAt says whether a step of the last run failed.
func (r Result) FailedAt(name string) bool {
	return slices.ContainsFunc(r.Steps(), func(done Step) bool { return done.Name == name && done.Err != nil })
}

// Instance is the name that tells a registry and site from all others, such as hub@eqiad.
func Instance(name, site string) string {
	if site == "" {
		return name
	}
	return name + "@" + site
}

// Unix is a time as metrics have it, in seconds since 1970.
func Unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// UnixTime is the time of a sample in seconds since 1970.
func UnixTime(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
