package harbor

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
)

// words are those of the collector harbor.
func (h *hub) words() source.Words {
	return source.Words{Place: h.OpenAt(apiPath + "/health").Always(), Facts: facts, Advice: append(slices.Clone(healthAdvice), accountAdvice(h.api)...)}
}

// healthAdvice is about a /health that is not answered, which Harbor does even without its database.
var healthAdvice = []source.Advice{
	{
		Reasons: source.ReasonTimeout, Try: source.TryRequest,
		What: "Harbor does not answer /health, which it does even without its database: its database or its Redis hangs, or its core does, and logins, pulls and pushes hang with it",
	},
	{
		Reasons: source.AnyOf(source.ReasonServerError, source.ReasonUnavailable), Try: "docker ps -a --filter name=harbor-core   # on {host}; or kubectl get pods",
		What: "Harbor's front answers, and its core does not: core is stopped, or is starting, and nobody can log in, pull or push",
	},
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
