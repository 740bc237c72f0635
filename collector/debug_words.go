package collector

func healthWords(c *client) words {
	return words{place: c.at("/debug/health").always(), facts: healthFacts, findings: healthFindings, advice: []advice{wantsLogin}}
}

func healthFacts(_ *view, res result) []string {
	if ok, _ := res.value(healthOK); ok == 1 {
		return []string{"all checks pass"}
	}
	return nil
}

func healthFindings(v *view, res result) []sourceFinding {
	var found []sourceFinding
	for _, s := range res.all(healthFailing) {
		alert, why := "RegistryHealthCheckFailing", "it refuses every request meanwhile"
		switch kind := s.label("kind"); {
		case kind == "tcp":
			alert, why = "RegistryCacheStopsRegistry", "it could serve without a cache, but refuses every request while this check fails"
		case kind == "storagedriver":
			why = "it does not reach its store and refuses every request meanwhile"
		}
		if v.frontUp && alert == "RegistryHealthCheckFailing" {
			alert = "RegistryInstanceHealthCheckFailing"
		}
		found = append(found, sourceFinding{StateFailed, alert, "the registry's own check of " + s.label("check") + " fails: " + why, res.place().fill(tryRequest)})
	}
	return found
}
