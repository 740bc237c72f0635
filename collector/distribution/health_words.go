package distribution

import (
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// healthWords returns the facts, findings and advice about one debug server.
func healthWords(c *ask.Client) source.Words {
	return source.Words{Place: c.At("/debug/health").Always(), Facts: healthFacts, Findings: healthFindings, Advice: []source.Advice{source.WantsLogin}}
}

// healthFacts returns "all checks pass", or nothing when a check fails.
func healthFacts(_ *source.View, res source.Result) []string {
	if ok, _ := res.Value(healthOK); ok == 1 {
		return []string{"all checks pass"}
	}
	return nil
}

// healthFindings returns a finding for each check that fails. While the front answers, other instances serve: then the
// alert is about this instance alone.
func healthFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	for _, s := range res.All(healthFailing) {
		alert, why := "RegistryHealthCheckFailing", "it refuses every request meanwhile"
		switch kind := s.Label("kind"); {
		case kind == "tcp":
			alert, why = "RegistryCacheStopsRegistry", "it could serve without a cache, but refuses every request while this check fails"
		case kind == "storagedriver":
			why = "it does not reach its store and refuses every request meanwhile"
		}
		if v.FrontUp && alert == "RegistryHealthCheckFailing" {
			alert = "RegistryInstanceHealthCheckFailing"
		}
		found = append(found, source.Finding{State: source.StateFailed, Alert: alert, What: "the registry's own check of " + s.Label("check") + " fails: " + why, Try: res.Place().Fill(source.TryRequest)})
	}
	return found
}
