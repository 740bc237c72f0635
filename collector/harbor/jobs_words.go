package harbor

import (
	"fmt"
	"slices"

	"registry_exporter/collector/source"
)

// words are those of the collector harbor_jobs.
func (j *jobs) words() source.Words {
	return source.Words{
		Place:    j.OpenAt(apiPath + "/health").Always(),
		Facts:    jobsFacts,
		Findings: jobsFindings,
		Alert: func(v *source.View, res source.Result) string {
			if source.Reason(res.Err) == source.ReasonTooLarge {
				return source.CannotLook
			}
			return alert(v, res)
		},
		Advice: append(slices.Clone(healthAdvice), accountAdvice(j.api)...),
	}
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

// jobsFindings are about replication and quotas.
func jobsFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	add := func(state source.State, alert, what string) {
		found = append(found, source.Finding{State: state, Alert: alert, What: what, Try: res.Place().Fill(source.TryRequest)})
	}
	if late := lateSchedules(v, res, "replication"); len(late) > 0 {
		add(source.StateFailed, "HarborReplicationStopped", "replication has not begun for more than two periods of its schedule: "+source.FirstFew(late))
	}
	if fails := failingPolicies(res); len(fails) > 0 {
		add(source.StateWarning, "HarborReplicationFailing", "copies of replication fail, and Harbor does not try them again: "+source.FirstFew(fails))
	}
	if n, _ := res.Value(policiesLeftOut); n > 0 {
		add(source.StateWarning, "", fmt.Sprintf("%.0f enabled policies are not looked at: the exporter takes %d", n, maxPolicies))
	}
	limits := res.All(quotaLimit)
	var full []string
	for i, s := range res.All(quotaUsed) {
		if i < len(limits) && s.Label("project") != otherProjects && s.Value > source.HarborQuotaRatio*limits[i].Value {
			full = append(full, s.Label("project"))
		}
	}
	if len(full) > 0 {
		add(source.StateWarning, "HarborQuotaNearlyFull", fmt.Sprintf("projects have used more than %.0f %% of their quota, and take no push beyond it: %s", 100*source.HarborQuotaRatio, source.FirstFew(full)))
	}
	return found
}

// failingPolicies are such as "to-archive (to archive)". Nobody waits for a policy that is started by hand.
func failingPolicies(res source.Result) []string {
	fails := res.Where(failing, 1, "policy")
	var names []string
	for _, s := range res.All(policyInfo) {
		if s.Label("trigger") != triggerManual && slices.Contains(fails, s.Label("policy")) {
			names = append(names, fmt.Sprintf("%s (to %s)", s.Label("policy"), s.Label("target")))
		}
	}
	return names
}
