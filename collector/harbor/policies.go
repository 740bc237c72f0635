package harbor

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"registry_exporter/collector/source"
)

const (
	// maxPolicies bounds the enabled policies that are shown: each is a request of its own, and up to 12 samples.
	maxPolicies = 100
	// maxPolicyPages bounds the pages of policies.
	maxPolicyPages = 100
)

// Values of the label trigger.
const (
	triggerScheduled = "scheduled"
	triggerEvent     = "event_based"
	triggerManual    = "manual"
	triggerOther     = "other"
)

// A policy is a rule of replication.
type policy struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Enabled bool     `json:"enabled"`
	Updated moment   `json:"update_time"`
	Source  endpoint `json:"src_registry"`
	Dest    endpoint `json:"dest_registry"`
	Trigger struct {
		Type     string `json:"type"`
		Settings struct {
			Cron string `json:"cron"`
		} `json:"trigger_settings"`
	} `json:"trigger"`
}

// An endpoint is one side of a policy. Harbor itself has the ID 0.
type endpoint struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// trigger is a value of the label trigger.
func (p *policy) trigger() string {
	switch p.Trigger.Type {
	case triggerScheduled, triggerEvent, triggerManual:
		return p.Trigger.Type
	}
	return triggerOther
}

// target is the other registry.
func (p *policy) target() string {
	if p.Dest.ID == 0 {
		return p.Source.Name
	}
	return p.Dest.Name
}

// policies asks for the policies, and returns the enabled ones, maxPolicies at most, and how many it left out. Those with a
// schedule come first, then those of events: nobody looks after these.
func (j *jobs) policies(ctx context.Context) (enabled []policy, leftOut int, err error) {
	_, err = eachPage(ctx, j.api, "/replication/policies", maxPolicyPages, func(rows []policy) {
		for _, p := range rows {
			if p.Enabled {
				enabled = append(enabled, p)
			}
		}
	})
	order := []string{triggerScheduled, triggerEvent, triggerOther, triggerManual}
	slices.SortStableFunc(enabled, func(a, b policy) int {
		return cmp.Compare(slices.Index(order, a.trigger()), slices.Index(order, b.trigger()))
	})
	if leftOut = len(enabled) - maxPolicies; leftOut > 0 {
		return enabled[:maxPolicies], leftOut, err
	}
	return enabled, 0, err
}

// replication asks for the policies and for the last executions of each. When one cannot be read, it goes on with the next, unless
// that would fail likewise.
func (j *jobs) replication(ctx context.Context) (samples []source.Sample, shown int, err error) {
	enabled, leftOut, err := j.policies(ctx)
	if err != nil && len(enabled) == 0 {
		return nil, 0, err
	}
	failures := []error{err}
	samples = append(samples, policiesLeftOut.Sample(float64(leftOut)))
	there := map[int64]bool{}
	for i := range enabled {
		p := &enabled[i]
		there[p.ID] = true
		samples = append(samples, policyInfo.Sample(1, p.Name, p.trigger(), p.target()))
		more, failure := j.executions(ctx, p)
		samples = append(samples, more...)
		failures = append(failures, failure)
		if why := source.Reason(failure); ctx.Err() != nil || why == source.ReasonUnauthorized || why == source.ReasonForbidden {
			break
		}
	}
	if err == nil {
		j.known.keepOnly(there)
	}
	return samples, len(enabled), errors.Join(failures...)
}
