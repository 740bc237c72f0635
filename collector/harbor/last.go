package harbor

import (
	"maps"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// executionSamples are about the executions of a policy, the newest first. known is what earlier runs have seen.
func executionSamples(p *policy, rows []execution, now time.Time, known memory) []source.Sample {
	if len(rows) == 0 {
		return nil
	}
	past := known.of(p.ID)
	newest := &rows[0]
	samples := []source.Sample{
		lastTasks.Sample(newest.Succeed, p.Name, "succeed"), lastTasks.Sample(newest.Failed, p.Name, "failed"),
		lastTasks.Sample(newest.InProgress, p.Name, "in_progress"), lastTasks.Sample(newest.Stopped, p.Name, "stopped"),
	}
	at := func(m *source.Metric, t time.Time) {
		if !t.IsZero() {
			samples = append(samples, m.Sample(source.Unix(t), p.Name))
		}
	}
	at(lastStart, newest.Start.time())
	if i := slices.IndexFunc(rows, func(e execution) bool { return e.Status == succeeded }); i >= 0 {
		past.success = rows[i].ended()
	}
	at(lastSuccess, past.success)
	for _, e := range slices.Backward(rows) {
		if e.Status == inProgress {
			at(runningSince, e.Start.time())
			break
		}
	}
	last := lastEnded(rows, now)
	isUnmade := p.trigger() == triggerEvent && past.noteFault(rows, now)
	if last != nil || isUnmade {
		samples = append(samples, failing.Sample(source.Bool01(isUnmade || last.Status == failed), p.Name))
	}
	if last != nil {
		samples = append(samples, copiedNothing.Sample(source.Bool01(last.Status == succeeded && last.Total == 0), p.Name))
	}
	return samples
}

// lastEnded is the newest execution that has ended, nil when there is none. One that failed counts once it is not tried again.
func lastEnded(rows []execution, now time.Time) *execution {
	for i := range rows {
		e := &rows[i]
		if e.Status == inProgress || e.Status == failed && !e.hasFailed(now) {
			continue
		}
		return e
	}
	return nil
}

// A memory has what was seen of each policy, by its ID: Harbor is asked for ten executions alone. It is for one goroutine.
type memory map[int64]*past

// A past is what was seen of one policy.
type past struct {
	success time.Time // when the last execution that went well ended
	fault   *execution
}

// of is the past of a policy.
func (m memory) of(id int64) *past {
	if m[id] == nil {
		m[id] = &past{}
	}
	return m[id]
}

// keepOnly forgets policies that are no longer there, or no longer enabled.
func (m memory) keepOnly(known map[int64]bool) {
	maps.DeleteFunc(m, func(id int64, _ *past) bool { return !known[id] })
}

// noteFault takes the last executions of a policy of events, the newest first, and says whether a copy is missing: its execution
// failed, and the next event copies something else. Only a run of the whole policy, or another try, makes it good.
func (p *past) noteFault(rows []execution, now time.Time) (missing bool) {
	if i := slices.IndexFunc(rows, func(e execution) bool { return e.Trigger == triggerEvent && e.hasFailed(now) }); i >= 0 {
		p.fault = &rows[i]
	}
	makesGood := func(e execution) bool {
		return e.Status == succeeded && (e.ID == p.fault.ID || e.Trigger != triggerEvent && e.Start.time().After(p.fault.Start.time()))
	}
	if p.fault != nil && slices.ContainsFunc(rows, makesGood) {
		p.fault = nil
	}
	return p.fault != nil
}
