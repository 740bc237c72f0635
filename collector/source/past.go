package source

import (
	"slices"
	"time"
)

// Remembered is how long a reading without an error counts as "worked before".
const Remembered = 30 * 24 * time.Hour

// A Past knows when a source was last read without an error, with the configuration and the secrets that it has now.
type Past struct {
	Note   func(success time.Time)  // notes a reading without an error
	Worked func(now time.Time) bool // there was one within Remembered
}

// refusals are the reasons that blame the exporter's configuration, unless the source worked before with the same one. With
// ReasonRealmRefused it is the exporter that refuses: a token server that was not named when the source worked.
var refusals = []string{ReasonUnauthorized, ReasonForbidden, ReasonNotFound, ReasonRealmRefused, ReasonTLSClientCert}

// IsOurs says whether err, of the result or of one of its steps, is mostly a fault of the exporter or its configuration: the
// function IsOurs says so of its reason, and the source did not work before with the same configuration.
//
// For example, the registry refuses the exporter's password:
//
//	it never took it           the password is wrong: IsOurs
//	it took it yesterday       its users or its token server have changed, and others may be refused, too: not IsOurs
//	its file cannot be read    IsOurs, whatever was before
func (r Result) IsOurs(err error) bool {
	why := Reason(err)
	return IsOurs(why) && !(r.WorkedBefore && isRefusal(err))
}

// isRefusal says whether the other side refused a request, or sent the login elsewhere. A password file that cannot be read is no
// refusal.
func isRefusal(err error) bool { return slices.Contains(refusals, Reason(err)) && !IsUnasked(err) }

// workedBefore says whether a source that is refused with err could be read before, as it is configured now.
func (s *Source) workedBefore(err error, now time.Time) bool {
	return s.Past != nil && isRefusal(err) && s.Past.Worked(now)
}

// noteSuccess notes a reading without an error: for a probe at the end of its last run, else now.
func (s *Source) noteSuccess(r *reading) {
	at := time.Now()
	if s.Probe != nil {
		at = r.last.End
	}
	if s.Past != nil && r.err == nil && !at.IsZero() {
		s.Past.Note(at)
	}
}
