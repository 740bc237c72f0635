package collector

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

// words are what a source tells people beyond its metrics. Every part is optional.
type words struct {
	place    func(result) place                  // the thing that is asked, for sentences and commands
	facts    func(*view, result) []string        // what is worth telling of a result
	findings func(*view, result) []sourceFinding // what is wrong, though the source could be read
	alert    func(*view, result) string          // the alert about a failure; without it: RegistryExporterCannotLook
	advice   []advice                            // rows that come before the general ones
}

// A view is a registry as one report reads it: a source may need to know what others have found.
type view struct {
	now     time.Time
	passive bool // the site refuses writes on purpose
	frontUp bool // /v2/ of the front answers as a registry does
	results []result
}

// A sourceFinding is one thing that is wrong, as the source sees it that found it.
type sourceFinding struct {
	state     State  // failed or warning
	alert     string // about the same fault; empty when there is none
	what, try string // a sentence, and the next command
}

// An advice is what a reason mostly means at a source, and the next command. A row without reasons is for all of them.
type advice struct {
	reasons   string
	when      func(result) bool // a row with a condition comes before those without
	what, try string
}

func (a advice) fits(res result, why string) bool {
	return (a.reasons == "" || slices.Contains(strings.Fields(a.reasons), why)) && (a.when == nil || a.when(res))
}

// anyOf joins reasons for a row of advice.
func anyOf(reasons ...string) string { return strings.Join(reasons, " ") }

// wantsLogin is for what mostly needs no account.
var wantsLogin = advice{
	reasons: reasonUnauthorized, try: tryRequest,
	what: "{endpoint} wants a login here: let the exporter's address through, or give it an account under http",
}

// cannotLook is the alert about an account, a path or a certificate of the exporter's own that does not do.
const cannotLook = "RegistryExporterCannotLook"

// isOurs says whether a failure is mostly ours to mend, as the alerts have it: our account, our certificate, a bug.
func isOurs(why string) bool {
	return slices.Contains([]string{reasonUnauthorized, reasonForbidden, reasonNotFound, reasonTLSClientCert, reasonPanic}, why)
}

// isCertificate says whether an error is about the certificate that was served.
func isCertificate(err error) bool {
	return slices.Contains([]string{reasonTLSUnknownAuthority, reasonTLSHostname, reasonTLSNoIPSAN, reasonTLSExpired, reasonTLSNotYetValid, reasonTLSOther}, reason(err))
}

func (r result) place() place {
	if p := r.source.words.place; p != nil {
		return p(r)
	}
	return placeOf(r.source.endpoint)
}

// value is the value of the first sample of a metric.
func (r result) value(m *metric) (value float64, found bool) {
	for _, s := range r.samples {
		if s.metric == m {
			return s.value, true
		}
	}
	return 0, false
}

// lowest is the lowest value of a metric.
func (r result) lowest(m *metric) (value float64, found bool) {
	for _, s := range r.all(m) {
		if !found || s.value < value {
			value, found = s.value, true
		}
	}
	return value, found
}

// all are the samples of a metric.
func (r result) all(m *metric) []sample {
	var all []sample
	for _, s := range r.samples {
		if s.metric == m {
			all = append(all, s)
		}
	}
	return all
}

// where are the values of a label of those samples of a metric that have a value, each once.
func (r result) where(m *metric, value float64, label string) []string {
	var values []string
	for _, s := range r.all(m) {
		if s.value == value && !slices.Contains(values, s.label(label)) {
			values = append(values, s.label(label))
		}
	}
	return values
}

// label is the value of one of the metric's own labels.
func (s sample) label(name string) string {
	return s.labels[slices.Index(s.metric.labels, name)]
}

// steps are those of the last run of a probe; none of another source.
func (r result) steps() []step {
	return r.last.steps
}

// failedAt says whether a step of the last run failed.
func (r result) failedAt(name string) bool {
	return slices.ContainsFunc(r.steps(), func(done step) bool { return done.name == name && done.err != nil })
}

// instance is the name that tells a registry and site from all others, such as hub@eqiad.
func instance(name, site string) string {
	if site == "" {
		return name
	}
	return name + "@" + site
}

// unix is a time as metrics have it, in seconds since 1970.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// unixTime is the time of a sample in seconds since 1970.
func unixTime(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
