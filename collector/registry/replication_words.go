package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// words returns what the report says of the collector replication.
func (r *replication) words() source.Words {
	rows := []source.Advice{}
	for _, s := range r.sites {
		rows = append(rows, source.Advice{
			Reasons: source.ReasonDigestMismatch, When: isAbout(s.name),
			What: "site " + s.name + " has another image under the tag of the canary: a tool that copies images changes them (another compression or media type), or somebody else pushes to this tag",
		}, source.Advice{
			When: isAbout(s.name),
			What: "site " + s.name + " cannot be asked for what was pushed here: what is said of that site tells more",
		})
	}
	return source.Words{
		Place:    writesTo(r.Account, r.repository).Always(),
		Findings: replicationFindings,
		Alert:    r.alert,
		AsClient: true,
		Advice:   append(rows, writeAdvice...),
	}
}

// isAbout says whether a failure is about the other site with this name.
func isAbout(name string) func(source.Result) bool {
	return func(res source.Result) bool {
		var other otherSiteError
		return errors.As(res.Err, &other) && other.site == name
	}
}

// alert returns the name of the alert about replication that fails.
func (r *replication) alert(_ *source.View, res source.Result) string {
	switch why := source.Reason(res.Err); {
	case res.IsOurs(res.Err):
		return source.CannotLook
	case why == source.ReasonReadOnly:
		return r.readOnlyAlert
	}
	return "RegistryReplicationFails"
}

// replicationFindings warn of each site at which no canary has arrived for too long, unless the site cannot be asked.
func replicationFindings(_ *source.View, res source.Result) []source.Finding {
	unasked := res.Where(replicationFailure, 1, "to")
	var found []source.Finding
	for _, s := range res.All(replicationPending) {
		to, pending := s.Label("to"), time.Duration(s.Value*float64(time.Second))
		if pending > source.ReplicationTooLong && !slices.Contains(unasked, to) {
			found = append(found, source.Finding{
				State: source.StateWarning, Alert: "RegistryReplicationStopped",
				What: fmt.Sprintf("what was pushed here %s ago has not arrived at %s", source.Span(pending), to), Try: res.Place().Fill(source.TryRequest),
			})
		}
	}
	return found
}
