package collector

import (
	"fmt"
)

func clusterStatusWords(c *client) words {
	return words{
		place:    c.at(clusterStatusPath).always(),
		facts:    msrFacts,
		findings: msrFindings,
		alert:    msrAlert,
		advice: []advice{
			{reasons: reasonForbidden, what: "the account may not read cluster_status: only an admin may", try: tryRequest},
			containerFails,
		},
	}
}

var containerFails = advice{
	reasons: anyOf(reasonUnavailable, reasonServerError), try: "docker ps -a --filter name=dtr-   # on {host}",
	what: "the replica answers, but a container of it fails: its database, or the registry itself",
}

func msrFacts(_ *view, res result) []string {
	var facts []string
	if verdicts := res.all(msrReplicaHealth); len(verdicts) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s OK", len(res.where(msrReplicaHealth, 1, "replica")), plural(len(verdicts), "replica", "replicas")))
	}
	if servers := res.all(msrServerUp); len(servers) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s up", len(res.where(msrServerUp, 1, "server")), plural(len(servers), "server", "servers")))
	}
	if lowest, found := res.lowest(msrTableAvailability); found {
		states := []string{"a table is lost", "a table is out of date", "a table is read-only", "all tables writable", "all tables ready"}
		facts = append(facts, states[min(max(int(lowest), 0), 4)])
	}
	if held, _ := res.value(msrGCLockHeld); held == 1 {
		facts = append(facts, "a garbage collection runs")
	}
	return facts
}

func msrFindings(v *view, res result) []sourceFinding {
	found := databaseFindings(v, res)
	try := res.place().fill(tryRequest)
	add := func(state State, alert, format string, args ...any) {
		found = append(found, sourceFinding{state, alert, fmt.Sprintf(format, args...), try})
	}
	if ill := res.where(msrReplicaHealth, 0, "replica"); len(ill) > 0 {
		add(StateWarning, "MSRReplicaUnhealthy", "the verdict on replica %s is not OK", some(ill))
	}
	if silent := silentReplicas(v, res); len(silent) > 0 {
		add(StateWarning, "MSRReplicaUnhealthy", "replica %s has given no verdict for %s or more: it hangs, or its clock is wrong", some(silent), span(msrVerdictAge))
	}
	if readonly := res.where(msrReplicaReadonly, 1, "replica"); len(readonly) > 0 {
		why := "no garbage collection runs: somebody set it, or a collection left it behind"
		if held, _ := res.value(msrGCLockHeld); held == 1 {
			why = "a garbage collection runs, and ends by itself"
		}
		add(StateWarning, "MSRReadOnly", "replica %s is read-only: %s", some(readonly), why)
	}
	if critical := issuesOf(res, "true"); len(critical) > 0 {
		add(StateFailed, "MSRCriticalIssues", "the database reports critical issues: %s", some(critical))
	}
	if others := issuesOf(res, "false"); len(others) > 0 {
		add(StateWarning, "MSRIssues", "the database reports issues: %s", some(others))
	}
	return found
}

// databaseFindings are about tables and servers.
func databaseFindings(v *view, res result) []sourceFinding {
	var found []sourceFinding
	try := res.place().fill(tryRequest)
	best := bestAvailability(v)
	lowest, read := res.lowest(msrTableAvailability)
	switch {
	case read && best < 3:
		found = append(found, sourceFinding{StateFailed, "MSRMajorityLost", "no replica sees all tables writable: most servers of the database are lost or cannot reach each other", try})
	case read && lowest < 3:
		found = append(found, sourceFinding{StateFailed, "MSRTablesNotReady", "in the view of " + res.source.endpoint + " tables are not writable, while another view has them writable: it is cut off", try})
	case read && lowest < 4 && best < 4:
		found = append(found, sourceFinding{StateWarning, "MSRTablesNotReady", "not all replicas of all tables are ready: a server is lost, or one catches up", try})
	}
	if lost := res.where(msrServerUp, 0, "server"); len(lost) > 0 {
		servers, alert, more := len(res.all(msrServerUp)), "MSRReplicaUnhealthy", ""
		if up := servers - len(lost); servers >= 3 && up == servers/2+1 {
			alert, more = "MSRNoSpareReplica", ": one more, and the database takes no writes"
		}
		found = append(found, sourceFinding{StateWarning, alert, fmt.Sprintf("of the servers of the database %s is lost%s", some(lost), more), try})
	}
	return found
}

// bestAvailability is the lowest availability of a table in the view that sees the most; 4, all ready, when none was read.
func bestAvailability(v *view) float64 {
	best := -1.
	for _, res := range v.results {
		if lowest, found := res.lowest(msrTableAvailability); found {
			best = max(best, lowest)
		}
	}
	if best < 0 {
		return 4
	}
	return best
}

func silentReplicas(v *view, res result) []string {
	var silent []string
	for _, s := range res.all(msrReplicaTimestamp) {
		if v.now.Sub(unixTime(s.value)) > msrVerdictAge {
			silent = append(silent, s.label("replica"))
		}
	}
	return silent
}

func issuesOf(res result, critical string) []string {
	var issues []string
	for _, s := range res.all(msrIssues) {
		if s.value > 0 && s.label("critical") == critical {
			issues = append(issues, fmt.Sprintf("%.0f %s", s.value, s.label("type")))
		}
	}
	return issues
}

func msrAlert(v *view, res result) string {
	switch {
	case isOurs(reason(res.err)):
		return cannotLook
	case majorityLost(v):
		return "MSRMajorityLost"
	case isCertificate(res.err):
		return "MSRPingUnhealthy"
	}
	return "MSRClusterStatusFails"
}

// majorityLost is so when no replica tells how the cluster is, and none calls itself healthy. A certificate that is
// refused says nothing about the database.
func majorityLost(v *view) bool {
	lost := false
	for _, res := range v.results {
		switch healthy, _ := res.value(pingHealthy); {
		case healthy == 1, res.source.collector == clusterStatusCollector && res.err == nil:
			return false
		case res.source.collector == pingCollector && !isCertificate(res.err):
			lost = true
		}
	}
	return lost
}

func pingWords(c *client) words {
	return words{
		place:    c.openAt("/_ping").always(),
		facts:    pingFacts,
		findings: pingFindings,
		alert: func(_ *view, res result) string {
			if isOurs(reason(res.err)) {
				return cannotLook
			}
			return "MSRPingUnhealthy"
		},
		advice: []advice{wantsLogin, containerFails},
	}
}

func pingFacts(_ *view, res result) []string {
	if ok, _ := res.value(pingHealthy); ok == 1 {
		return []string{"healthy"}
	}
	return nil
}

func pingFindings(_ *view, res result) []sourceFinding {
	if healthy, read := res.value(pingHealthy); !read || healthy == 1 || res.err != nil {
		return nil
	}
	return []sourceFinding{{
		StateFailed, "MSRPingUnhealthy",
		"the replica calls itself ill: " + some(res.where(pingFailing, 1, "component")) + "; the answer says more", res.place().fill(tryRequest),
	}}
}
