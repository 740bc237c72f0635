package msr

import (
	"fmt"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// clusterStatusWords are the facts, findings and advice about cluster_status of one replica.
func clusterStatusWords(c *ask.Client) source.Words {
	return source.Words{
		Place:    c.At(clusterStatusPath).Always(),
		Facts:    clusterStatusFacts,
		Findings: clusterStatusFindings,
		Alert:    clusterStatusAlert,
		Advice: []source.Advice{
			{Reasons: source.ReasonForbidden, What: "the account may not read cluster_status: only an admin may", Try: source.TryRequest},
			containerFails,
		},
	}
}

// containerFails is the advice for a replica whose nginx answers in place of a container.
var containerFails = source.Advice{
	Reasons: source.AnyOf(source.ReasonUnavailable, source.ReasonServerError), Try: "docker ps -a --filter name=dtr-   # on {host}",
	What: "the replica answers, but a container of it fails: its database, or the registry itself",
}

// clusterStatusFacts are such as "3 of 3 replicas OK", "2 of 3 servers up" and "all tables writable".
func clusterStatusFacts(_ *source.View, res source.Result) []string {
	var facts []string
	if verdicts := res.All(replicaHealth); len(verdicts) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s OK", len(res.Where(replicaHealth, 1, "replica")), source.Plural(len(verdicts), "replica", "replicas")))
	}
	if servers := res.All(serverUp); len(servers) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s up", len(res.Where(serverUp, 1, "server")), source.Plural(len(servers), "server", "servers")))
	}
	if lowest, found := res.Lowest(tableAvailability); found {
		states := []string{"a table is lost", "a table is out of date", "a table is read-only", "all tables writable", "all tables ready"}
		facts = append(facts, states[min(max(int(lowest), 0), 4)])
	}
	if held, _ := res.Value(gcLockHeld); held == 1 {
		facts = append(facts, "a garbage collection runs")
	}
	return facts
}

// clusterStatusFindings are about the database, the replicas and the issues.
func clusterStatusFindings(v *source.View, res source.Result) []source.Finding {
	found := databaseFindings(v, res)
	try := res.Place().Fill(source.TryRequest)
	add := func(state source.State, alert, format string, args ...any) {
		found = append(found, source.Finding{State: state, Alert: alert, What: fmt.Sprintf(format, args...), Try: try})
	}
	if unhealthy := res.Where(replicaHealth, 0, "replica"); len(unhealthy) > 0 {
		add(source.StateWarning, "MSRReplicaUnhealthy", "the verdict on replica %s is not OK", source.FirstFew(unhealthy))
	}
	if silent := silentReplicas(v, res); len(silent) > 0 {
		add(source.StateWarning, "MSRReplicaUnhealthy", "replica %s has given no verdict for %s or more: it hangs, or its clock is wrong", source.FirstFew(silent), source.Span(source.MsrVerdictAge))
	}
	if readonly := res.Where(replicaReadonly, 1, "replica"); len(readonly) > 0 {
		why := "no garbage collection runs: somebody set it, or a collection left it behind"
		if held, _ := res.Value(gcLockHeld); held == 1 {
			why = "a garbage collection runs, and ends by itself"
		}
		add(source.StateWarning, "MSRReadOnly", "replica %s is read-only: %s", source.FirstFew(readonly), why)
	}
	_, read := res.Lowest(tableAvailability)
	switch critical := issuesOf(res, "true"); {
	case len(critical) > 0 && read && bestAvailability(v) >= 3: // such as two servers of one name
		add(source.StateWarning, "MSRIssues", "the database reports critical issues, and all tables take writes: %s", source.FirstFew(critical))
	case len(critical) > 0:
		add(source.StateFailed, "MSRCriticalIssues", "the database reports critical issues: %s", source.FirstFew(critical))
	}
	if others := issuesOf(res, "false"); len(others) > 0 {
		add(source.StateWarning, "MSRIssues", "the database reports issues: %s", source.FirstFew(others))
	}
	return found
}

// databaseFindings are about the tables and servers of RethinkDB.
func databaseFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	try := res.Place().Fill(source.TryRequest)
	best := bestAvailability(v)
	lowest, read := res.Lowest(tableAvailability)
	switch {
	case read && best < 3:
		found = append(found, source.Finding{State: source.StateFailed, Alert: "MSRMajorityLost", What: "no replica sees all tables writable: most servers of the database are lost or cannot reach each other", Try: try})
	case read && lowest < 3:
		found = append(found, source.Finding{State: source.StateFailed, Alert: "MSRTablesNotReady", What: "in the view of " + res.Source.Address + " tables are not writable, while another view has them writable: it is cut off", Try: try})
	case read && lowest < 4 && best < 4:
		found = append(found, source.Finding{State: source.StateWarning, Alert: "MSRTablesNotReady", What: "not all replicas of all tables are ready: a server is lost, or one catches up", Try: try})
	}
	if lost := res.Where(serverUp, 0, "server"); len(lost) > 0 {
		servers, alert, more := len(res.All(serverUp)), "MSRTablesNotReady", ""
		if up := servers - len(lost); servers >= 3 && up == servers/2+1 {
			alert, more = "MSRNoSpareReplica", "; with one more the database takes no writes"
		}
		found = append(found, source.Finding{State: source.StateWarning, Alert: alert, What: fmt.Sprintf("%d of %d database servers down: %s%s", len(lost), servers, source.FirstFew(lost), more), Try: try})
	}
	return found
}

// bestAvailability takes the lowest availability of a table in each view, and returns the highest of those: a replica that is
// cut off sees less than the others. It is 4, all replicas are ready, when no view was read.
func bestAvailability(v *source.View) float64 {
	best := -1.
	for _, res := range v.Results {
		if lowest, found := res.Lowest(tableAvailability); found {
			best = max(best, lowest)
		}
	}
	if best < 0 {
		return 4
	}
	return best
}

// silentReplicas are the replicas with a verdict older than source.MsrVerdictAge.
func silentReplicas(v *source.View, res source.Result) []string {
	var silent []string
	for _, s := range res.All(replicaTimestamp) {
		if v.Now.Sub(source.UnixTime(s.Value)) > source.MsrVerdictAge {
			silent = append(silent, s.Label("replica"))
		}
	}
	return silent
}

// issuesOf are such as "2 table_availability"; critical is the label, true or false.
func issuesOf(res source.Result, critical string) []string {
	var issues []string
	for _, s := range res.All(currentIssues) {
		if s.Value > 0 && s.Label("critical") == critical {
			issues = append(issues, fmt.Sprintf("%.0f %s", s.Value, s.Label("type")))
		}
	}
	return issues
}

// clusterStatusAlert is the alert that fires while cluster_status cannot be read.
func clusterStatusAlert(v *source.View, res source.Result) string {
	switch {
	case source.IsOurs(source.Reason(res.Err)):
		return source.CannotLook
	case majorityLost(v):
		return "MSRMajorityLost"
	case source.IsCertificate(res.Err):
		return "MSRPingUnhealthy"
	}
	return "MSRClusterStatusFails"
}

// majorityLost is true when cluster_status of no replica can be read and /_ping of none is healthy. It is false when /_ping
// fails only because of certificates: a certificate that is refused says nothing about the database.
func majorityLost(v *source.View) bool {
	lost := false
	for _, res := range v.Results {
		switch healthy, _ := res.Value(pingHealthy); {
		case healthy == 1, res.Source.Collector == clusterStatusCollector && res.Err == nil:
			return false
		case res.Source.Collector == pingCollector && !source.IsCertificate(res.Err):
			lost = true
		}
	}
	return lost
}
