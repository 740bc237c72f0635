package harbor

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
)

// words are those of the collector harbor_jobs.
func (j *jobs) words() source.Words {
	return source.Words{Place: j.OpenAt(apiPath + "/health").Always(), Facts: jobsFacts, Advice: append(slices.Clone(healthAdvice), accountAdvice(j.api)...)}
}

// jobsFacts are such as "6 policies, 2 with a schedule" and "fullest project: tight, 77 % of 1.1 MiB".
func jobsFacts(_ *source.View, res source.Result) []string {
	var facts []string
	if policies := res.All(policyInfo); len(policies) > 0 {
		facts = append(facts, fmt.Sprintf("%s, %d with a schedule", source.Plural(len(policies), "policy", "policies"), len(res.Where(policyInfo, 1, "policy"))-withoutSchedule(policies)))
	}
	limits := res.All(quotaLimit)
	if used := res.All(quotaUsed); len(used) > 0 && len(limits) == len(used) {
		facts = append(facts, fmt.Sprintf("fullest project: %s, %.0f %% of %s", used[0].Label("project"), 100*used[0].Value/limits[0].Value, source.Size(limits[0].Value)))
	}
	return facts
}

func withoutSchedule(policies []source.Sample) int {
	n := 0
	for _, s := range policies {
		if s.Label("trigger") != triggerScheduled {
			n++
		}
	}
	return n
}
