package source

import (
	"slices"
	"time"
)

// Remembered is how long it is known that a source could be read.
const Remembered = 30 * 24 * time.Hour

// A Past knows when a source was last read without an error, with the configuration and the secrets that it has now.
type Past struct {
	Note   func(success time.Time)
	Worked func(now time.Time) bool // within Remembered
}

// refusals are the reasons that blame the exporter's configuration, unless the same configuration did before.
var refusals = []string{ReasonUnauthorized, ReasonForbidden, ReasonNotFound, ReasonRealmRefused, ReasonTLSClientCert}

// IsOurs says whether err, that of the result or of one of its steps, is mostly a fault of the exporter or its
// configuration: its reason is such a one (IsOurs), and what is refused was not taken before.
//
// Example: the registry refuses the exporter's password. It never took it: the password is wrong. It took the same one
// yesterday: its users or its token server have changed, and others may be refused, too. A password file that cannot be
// read stays a fault of ours.
func (r Result) IsOurs(err error) bool {
	why := Reason(err)
	return IsOurs(why) && !(r.WorkedBefore && isRefusal(err))
}

// isRefusal says whether somebody else refused what was asked. A password that cannot be read is no such error.
func isRefusal(err error) bool { return slices.Contains(refusals, Reason(err)) && !IsUnasked(err) }

// workedBefore says whether a source that is refused with err could be read before, as it is configured now.
func (s *Source) workedBefore(err error, now time.Time) bool {
	return s.Past != nil && isRefusal(err) && s.Past.Worked(now)
}

// noteSuccess notes a reading without an error; that of a probe when its run has ended.
func (s *Source) noteSuccess(r *reading) {
	at := time.Now()
	if s.Probe != nil {
		at = r.last.End
	}
	if s.Past != nil && r.err == nil && !at.IsZero() {
		s.Past.Note(at)
	}
}
