package source

import (
	"slices"
	"strings"
)

// An Advice is the most frequent cause of a failure for some reasons, and the next command.
type Advice struct {
	Reasons string            // of the failure, as AnyOf joins them; empty: all
	When    func(Result) bool // nil: always. Advice with a condition comes before advice without
	What    string            // a sentence; Place.Say fills in its {address} and the like
	Try     string            // a command; Place.Fill fills in its {host} and the like
}

// Fits says whether the advice is about a result that failed for a reason.
func (a Advice) Fits(res Result, reason string) bool {
	return (a.Reasons == "" || slices.Contains(strings.Fields(a.Reasons), reason)) && (a.When == nil || a.When(res))
}

// AnyOf joins reasons for Advice.Reasons.
func AnyOf(reasons ...string) string { return strings.Join(reasons, " ") }

// WantsLogin is the advice for addresses that mostly need no account, such as /nginx_status.
var WantsLogin = Advice{
	Reasons: ReasonUnauthorized, Try: TryRequest,
	What: "{address} wants a login here: let the exporter's address through, or give it an account under http",
}
