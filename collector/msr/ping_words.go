package msr

import (
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// pingWords are the facts, findings and advice about /_ping of one replica.
func pingWords(c *ask.Client) source.Words {
	return source.Words{
		Place:    c.OpenAt("/_ping").Always(),
		Facts:    pingFacts,
		Findings: pingFindings,
		Alert: func(_ *source.View, res source.Result) string {
			if source.IsOurs(source.Reason(res.Err)) {
				return source.CannotLook
			}
			return "MSRPingUnhealthy"
		},
		Advice: []source.Advice{source.WantsLogin, containerFails},
	}
}

// pingFacts is "healthy", or nothing.
func pingFacts(_ *source.View, res source.Result) []string {
	if ok, _ := res.Value(pingHealthy); ok == 1 {
		return []string{"healthy"}
	}
	return nil
}

// pingFindings names the failing components of a replica that answers and is unhealthy.
func pingFindings(_ *source.View, res source.Result) []source.Finding {
	if healthy, read := res.Value(pingHealthy); !read || healthy == 1 || res.Err != nil {
		return nil
	}
	return []source.Finding{{
		State: source.StateFailed, Alert: "MSRPingUnhealthy",
		What: "the replica calls itself ill: " + source.FirstFew(res.Where(pingFailing, 1, "component")) + "; the answer says more", Try: res.Place().Fill(source.TryRequest),
	}}
}
