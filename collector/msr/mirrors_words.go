package msr

import (
	"fmt"

	"registry_exporter/collector/source"
)

// mirrorFindings are about mirrorings that failed, and about repositories to which nothing has come for long.
func mirrorFindings(v *source.View, res source.Result) []source.Finding {
	var failed, late []string
	for _, s := range res.All(mirrorStatus) {
		if s.Label("status") == mirrorFailed && s.Value == 1 {
			failed = append(failed, fmt.Sprintf("%s (%s)", s.Label("repository"), s.Label("direction")))
		}
	}
	for _, s := range res.All(mirrorLastSuccess) {
		if s.Label("direction") == "poll" && v.Now.Sub(source.UnixTime(s.Value)) > source.MsrMirrorLate {
			late = append(late, s.Label("repository"))
		}
	}
	var found []source.Finding
	add := func(what string) {
		found = append(found, source.Finding{State: source.StateWarning, Alert: "MSRMirrorFails", What: what, Try: res.Place().Fill(source.TryRequest)})
	}
	if failed != nil {
		add("the last mirroring failed of " + source.FirstFew(failed))
	}
	if late != nil {
		add("nothing was mirrored for more than " + source.Span(source.MsrMirrorLate) + " to " + source.FirstFew(late))
	}
	return found
}
