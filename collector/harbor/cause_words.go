package harbor

import "registry_exporter/collector/source"

// harborCollector is the collector of /health, as in the label "collector".
const harborCollector = "harbor"

// A namedPart is a part of Harbor, with the alert about it.
type namedPart struct{ component, alert, what string }

// named are the parts whose loss stops logins, pulls or pushes, in the order in which one is the cause of another, with the alert
// about it.
var named = []namedPart{
	{
		database, "HarborDatabaseDown",
		"Harbor has no database, as its /health says: PostgreSQL is down or cannot be reached, so Harbor refuses every password, right ones too, and nobody can pull or push",
	},
	{
		redis, "HarborRedisDown",
		"Harbor's Redis is down, as its /health says: pushes fail at their first bytes, no job and no schedule runs, and all else is slow",
	},
	{
		"registry", "HarborRegistryDown",
		"Harbor's registry (Distribution) is down, as its /health says: people can log in, and can neither pull nor push",
	},
}

// Cause is why logins, pulls or pushes fail, in the words of Harbor's /health; nil when it names no such part, and for a registry that
// is no Harbor. It has no alert where the front itself fails: the source that asks there has one.
func Cause(v *source.View) *source.Finding {
	for _, res := range v.Results {
		if res.Source.Collector != harborCollector {
			continue
		}
		for _, n := range named {
			if isUnhealthy(res, n.component) {
				return &source.Finding{State: source.StateFailed, Alert: alertAbout(v.Passive, n.alert), What: n.what, Try: res.Place().Fill(source.TryRequest)}
			}
		}
		for _, a := range healthAdvice {
			if _, read := res.Value(componentHealthy); !read && a.Fits(res, source.Reason(res.Err)) {
				return &source.Finding{State: source.StateFailed, What: a.What, Try: res.Place().Fill(a.Try)}
			}
		}
	}
	return nil
}

// isUnhealthy says whether /health names the component.
func isUnhealthy(res source.Result, component string) bool {
	for _, s := range res.All(componentHealthy) {
		if s.Label("component") == component {
			return s.Value == 0
		}
	}
	return false
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
