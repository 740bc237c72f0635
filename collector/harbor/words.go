package harbor

import (
	"fmt"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// words are those of the collector harbor.
func (h *hub) words() source.Words {
	return source.Words{
		Place:    h.OpenAt(apiPath + "/health").Always(),
		Facts:    facts,
		Findings: findings,
		Alert:    alert,
		Advice:   append(slices.Clone(healthAdvice), accountAdvice(h.api)...),
	}
}

// accountAdvice is about requests that Harbor refuses.
func accountAdvice(a *api) []source.Advice {
	try := a.At(apiPath + "/replication/policies").Request
	return []source.Advice{
		{Reasons: source.ReasonComponentUnhealthy, What: "Harbor's /health names a part without which it cannot answer: see what it says of it", Try: source.TryRequest},
		{
			Reasons: source.ReasonForbidden, Try: try,
			What: "the account may not read all of it: give its system robot the right that the error names; all are Replication Policy: list, Replication: list, Registry: list, Garbage Collection: list and read, Job Service Monitor: list, Quota: list",
		},
		{Reasons: source.ReasonUnauthorized, What: "Harbor does not let the account of harbor.http in, and its database is well: the name (robots have robot$ in front) or the secret is wrong, or the robot has expired or was disabled", Try: try},
		{Reasons: source.ReasonNotFound, What: "{address} has no API of Harbor 2: it is another registry, or a front does not let /api/v2.0 through", Try: source.TryRequest},
	}
}

// alert is the name of the alert about a Harbor that cannot be asked.
func alert(v *source.View, res source.Result) string {
	switch why := source.Reason(res.Err); {
	case why == source.ReasonComponentUnhealthy:
		for _, n := range named {
			if isUnhealthy(res, n.component) {
				return alertAbout(v.Passive, n.alert)
			}
		}
		return unhealthyAlert
	case source.IsOurs(why):
		return source.CannotLook
	case !v.FrontUp && v.Passive:
		return "RegistryPassiveSiteDown"
	case !v.FrontUp:
		return "RegistryDown"
	}
	return unhealthyAlert
}

// unhealthyAlert is the name of the ticket about a part.
const unhealthyAlert = "HarborComponentUnhealthy"

// alertAbout is the alert, or at a passive site the ticket about a part.
func alertAbout(passive bool, alert string) string {
	if passive {
		return unhealthyAlert
	}
	return alert
}

// facts are such as "version v2.15.2-080b0220", "7 of 7 parts healthy" and "10 workers".
func facts(v *source.View, res source.Result) []string {
	var facts []string
	for _, s := range res.All(info) {
		facts = append(facts, "version "+s.Label("version"))
	}
	if parts := res.All(componentHealthy); len(parts) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s healthy", len(res.Where(componentHealthy, 1, "component")), source.Plural(len(parts), "part", "parts")))
	}
	if n, found := liveWorkers(v, res); found {
		facts = append(facts, source.Plural(n, "worker", "workers"))
	}
	waiting := 0.
	for _, s := range res.All(queueJobs) {
		waiting += s.Value
	}
	if waiting > 0 {
		facts = append(facts, source.Plural(int(waiting), "job waits", "jobs wait"))
	}
	if at, running := res.Value(gcRunningSince); running {
		facts = append(facts, "a garbage collection runs for "+source.Span(v.Now.Sub(source.UnixTime(at))))
	}
	return facts
}

// liveWorkers counts the workers of the pools whose heartbeat is fresh.
func liveWorkers(v *source.View, res source.Result) (n int, found bool) {
	fresh := map[string]bool{}
	for _, s := range res.All(heartbeat) {
		found = true
		fresh[s.Label("pool")] = v.Now.Sub(source.UnixTime(s.Value)) <= source.HarborHeartbeatAge
	}
	for _, s := range res.All(workers) {
		if fresh[s.Label("pool")] {
			n += int(s.Value)
		}
	}
	return n, found
}

// findings are about the parts, the queues, garbage collections and targets.
func findings(v *source.View, res source.Result) []source.Finding {
	found := partFindings(v, res)
	found = append(found, jobserviceFindings(v, res)...)
	found = append(found, collectionFindings(v, res)...)
	add := func(alert, what string) {
		found = append(found, source.Finding{State: source.StateWarning, Alert: alert, What: what, Try: res.Place().Fill(source.TryRequest)})
	}
	if on, _ := res.Value(readonly); on == 1 {
		add("RegistryReadOnly", "Harbor is read-only: pushes are refused until an administrator switches it off (Administration, Configuration), or the garbage collection that set it ends")
	}
	if lost := res.Where(targetHealthy, 0, "target"); len(lost) > 0 {
		add("HarborTargetUnhealthy", "Harbor does not reach "+source.FirstFew(lost)+", with which it replicates")
	}
	return found
}

// partFindings are about the parts that /health names. A part that fails since another does is not told.
func partFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	try := res.Place().Fill(source.TryRequest)
	unhealthy := res.Where(componentHealthy, 0, "component")
	for _, n := range named {
		if slices.Contains(unhealthy, n.component) {
			found = append(found, source.Finding{State: source.StateFailed, Alert: alertAbout(v.Passive, n.alert), What: n.what, Try: try})
		}
	}
	others := slices.DeleteFunc(unhealthy, func(c string) bool {
		return c == jobservice && isUnhealthy(res, redis) || slices.ContainsFunc(named, func(n namedPart) bool { return n.component == c })
	})
	if len(others) > 0 {
		found = append(found, source.Finding{State: source.StateWarning, Alert: unhealthyAlert, What: unhealthyParts(others), Try: try})
	}
	return found
}

// unhealthyParts says what does not work without the parts.
func unhealthyParts(parts []string) string {
	what := "Harbor's " + strings.Join(parts, ", ") + " is unhealthy, as its /health says"
	if len(parts) > 1 {
		what = "parts of Harbor are unhealthy, as its /health says: " + strings.Join(parts, ", ")
	}
	if slices.Contains(parts, jobservice) {
		what += ". Without jobservice no replication, garbage collection or scan runs, and copies that events start fail at once and are not tried again"
	}
	return what
}

// jobserviceFindings are about queues and workers.
func jobserviceFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	add := func(state source.State, alert, format string, args ...any) {
		found = append(found, source.Finding{State: state, Alert: alert, What: fmt.Sprintf(format, args...), Try: res.Place().Fill(source.TryRequest)})
	}
	paused := res.Where(queuePaused, 1, "queue")
	var stuck []string
	for _, s := range res.All(queueLatency) {
		if s.Value > source.HarborQueueLatency.Seconds() && !slices.Contains(paused, s.Label("queue")) {
			stuck = append(stuck, s.Label("queue"))
		}
	}
	n, read := liveWorkers(v, res)
	count, listed := res.Value(queueCount)
	switch {
	case read && n == 0:
		add(source.StateFailed, "HarborQueueStuck", "no jobservice of Harbor has been heard of for %s: no replication, garbage collection or scan runs. Its heartbeats are in Redis, or its clock is wrong", source.Span(source.HarborHeartbeatAge))
	case listed && count == 0:
		add(source.StateWarning, "HarborQueuesLost", "Harbor lists no queues: its Redis has lost its data, and with it every schedule. None runs again until jobservice is restarted")
	case len(stuck) > 0:
		add(source.StateFailed, "HarborQueueStuck", "jobs have waited for more than %s in %s: all workers are busy or hang", source.Span(source.HarborQueueLatency), source.FirstFew(stuck))
	}
	if len(paused) > 0 {
		add(source.StateWarning, "HarborQueuePaused", "an administrator has paused %s: what is started there waits", source.FirstFew(paused))
	}
	return found
}

// collectionFindings are about garbage collections.
func collectionFindings(v *source.View, res source.Result) []source.Finding {
	var what string
	at, isRunning := res.Value(gcRunningSince)
	fails, _ := res.Value(gcFailing)
	switch {
	case isRunning && v.Now.Sub(source.UnixTime(at)) > source.HarborGCRunning:
		what = "a garbage collection has been running for " + source.Span(v.Now.Sub(source.UnixTime(at))) + ": it hangs, or waits for a worker"
	case fails == 1:
		what = "the last garbage collection failed: what was deleted still takes space"
	case len(lateSchedules(v, res, garbageCollection)) > 0:
		what = "no garbage collection has begun for more than two periods of its schedule"
	default:
		return nil
	}
	return []source.Finding{{State: source.StateWarning, Alert: "HarborGarbageCollectionFails", What: what, Try: res.Place().Fill(source.TryRequest)}}
}

// lateSchedules are the policies whose next run is late by two periods and source.HarborScheduleLate; noPolicy is that of
// garbage collections.
func lateSchedules(v *source.View, res source.Result, schedule string) []string {
	period := map[string]float64{}
	for _, s := range res.All(schedulePeriod) {
		period[s.Label("policy")] = s.Value
	}
	var late []string
	for _, s := range res.All(scheduleDue) {
		if s.Label("schedule") == schedule && source.Unix(v.Now)-s.Value > 2*period[s.Label("policy")]+source.HarborScheduleLate.Seconds() {
			late = append(late, s.Label("policy"))
		}
	}
	return late
}
