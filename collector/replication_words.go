package collector

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

func (r *replication) words() words {
	rows := []advice{}
	for _, s := range r.sites {
		rows = append(rows, advice{
			when: isAbout(s.name),
			what: "site " + s.name + " cannot be asked for what was pushed here: what is said of that site tells more",
		})
	}
	return words{
		place:    r.writesTo(r.repository).always(),
		findings: replicationFindings,
		alert:    r.alert,
		advice:   append(rows, writeAdvice...),
	}
}

// isAbout says whether a failure is about another site.
func isAbout(name string) func(result) bool {
	return func(res result) bool {
		var other otherSite
		return errors.As(res.err, &other) && other.site == name
	}
}

func (r *replication) alert(_ *view, res result) string {
	switch why := reason(res.err); {
	case isOurs(why):
		return cannotLook
	case why == reasonReadOnly:
		return r.readOnlyAlert
	}
	return "RegistryReplicationFails"
}

func replicationFindings(_ *view, res result) []sourceFinding {
	unasked := res.where(replicationFailure, 1, "to")
	var found []sourceFinding
	for _, s := range res.all(replicationPending) {
		to, pending := s.label("to"), time.Duration(s.value*float64(time.Second))
		if pending > replicationTooLong && !slices.Contains(unasked, to) {
			found = append(found, sourceFinding{
				StateWarning, "RegistryReplicationStopped",
				fmt.Sprintf("what was pushed here %s ago has not arrived at %s", span(pending), to), res.place().fill(tryRequest),
			})
		}
	}
	return found
}
