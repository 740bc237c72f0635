package harbor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

const (
	// maxExecutions is how many executions of each policy are asked for: each costs Harbor's database one more query.
	maxExecutions = 10
	// triesEnd is how long an execution has to have failed. Harbor says Failed between its tries, too, and tries a copy three times.
	triesEnd = 5 * time.Minute
)

// The states of executions.
const (
	inProgress = "InProgress"
	succeeded  = "Succeed"
	failed     = "Failed"
)

// An execution is one run of a policy. Its numbers count copies.
type execution struct {
	ID         int64   `json:"id"`
	Status     string  `json:"status"` // InProgress, Succeed, Failed or Stopped
	Trigger    string  `json:"trigger"`
	Start      moment  `json:"start_time"`
	End        moment  `json:"end_time"` // of a failed one: of its last try
	Total      float64 `json:"total"`
	Succeed    float64 `json:"succeed"`
	Failed     float64 `json:"failed"`
	InProgress float64 `json:"in_progress"`
	Stopped    float64 `json:"stopped"`
}

// ended is when the execution ended: its start, when it has just done so and Harbor does not say yet.
func (e *execution) ended() time.Time { return later(e.End.time(), e.Start.time()) }

// hasFailed says whether the execution has failed, and is not tried again.
func (e *execution) hasFailed(now time.Time) bool {
	return e.Status == failed && now.Sub(e.ended()) > triesEnd
}

// executions asks for the last executions of a policy.
func (j *jobs) executions(ctx context.Context, p *policy) ([]source.Sample, error) {
	var rows list[execution]
	now, err := j.get(ctx, fmt.Sprintf("/replication/executions?policy_id=%d&page_size=%d", p.ID, maxExecutions), &rows)
	if err != nil {
		return nil, err
	}
	rows = rows[:min(len(rows), maxExecutions)]
	slices.SortStableFunc(rows, func(a, b execution) int { return b.Start.time().Compare(a.Start.time()) })
	samples := executionSamples(p, rows, now, j.known)
	if p.trigger() == triggerScheduled {
		samples = append(samples, scheduleSamples(p.Trigger.Settings.Cron, lastScheduled(p, rows), "replication", p.Name)...)
	}
	return samples, nil
}

// lastScheduled is when the schedule of the policy last began a run: if it has begun none since, when the policy was changed.
func lastScheduled(p *policy, rows []execution) time.Time {
	changed := p.Updated.time()
	if i := slices.IndexFunc(rows, func(e execution) bool { return e.Trigger == triggerScheduled }); i >= 0 {
		return later(changed, rows[i].Start.time())
	}
	if len(rows) == maxExecutions { // the last one of the schedule was before all of these
		return later(changed, rows[maxExecutions-1].Start.time())
	}
	return changed
}
