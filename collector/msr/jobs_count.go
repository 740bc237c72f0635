package msr

import (
	"cmp"
	"maps"
	"slices"

	"registry_exporter/collector/source"
)

var (
	jobFailures = source.Counter("registry_msr_job_failures_total",
		"Jobs that have failed since the first reading, each counted once (/api/v0/jobs: status). Absent until a second reading. With --state.dir it goes on after a restart. A job that is no longer among the 200 newest when it fails is not counted.",
		"action", "status")
	jobLastSuccess = source.Gauge("registry_msr_job_last_success_timestamp_seconds",
		"When a job of the action was last done, in seconds since 1970; absent when none was ever seen (/api/v0/jobs: lastUpdated).", "action")
	jobLastFailure = source.Gauge("registry_msr_job_last_failure_timestamp_seconds",
		"When a job of the action last failed, in seconds since 1970; absent when none was ever seen (/api/v0/jobs: lastUpdated).", "action")
)

// maxKnownFailures bounds the failed jobs that are remembered.
const maxKnownFailures = 1000

// A jobMemory is what readings of the jobs tell over time. A list is a window: the same failed job stands in many of them,
// and counts once. It outlives reloads and, with --state.dir, the process. One run at a time uses it.
type jobMemory struct {
	file jobsFile
	kept keptJobs
	read int // readings of this process, 2 at most
}

// keptJobs is the content of the file. Times are in milliseconds since 1970.
type keptJobs struct {
	Began    bool                        `json:"began"`    // there was a reading
	Since    int64                       `json:"since"`    // jobs that were scheduled before are not counted
	Known    map[string]int64            `json:"known"`    // failed jobs that are counted, or were there before the first reading: when they were scheduled
	Failures map[string]map[string]int64 `json:"failures"` // by action and status; an action without any has an empty map
	Success  map[string]int64            `json:"success"`  // when a job of the action was last done
	Failure  map[string]int64            `json:"failure"`  // when a job of the action last failed
}

// note takes in the newest jobs, and older ones that were asked for apart, and saves that before it is shown: after a kill nothing counts twice. With an
// error, of which the reason is state_not_saved, nothing is taken in.
func (m *jobMemory) note(newest, older []job) error {
	next := m.kept.with(newest, older)
	if err := m.file.save(next); err != nil {
		return source.Failed(source.ReasonStateNotSaved, "what was counted cannot be saved: %s", err)
	}
	m.kept, m.read = next, min(m.read+1, 2)
	return nil
}

// with is k and the jobs of a reading.
func (k keptJobs) with(newest, older []job) keptJobs {
	next := keptJobs{true, k.Since, clone(k.Known), map[string]map[string]int64{}, clone(k.Success), clone(k.Failure)}
	for action, counts := range k.Failures {
		next.Failures[action] = clone(counts)
	}
	for _, j := range slices.Concat(newest, older) {
		if next.Failures[j.action] == nil {
			next.Failures[j.action] = map[string]int64{}
		}
		at := j.scheduled.UnixMilli()
		switch {
		case j.scheduled.IsZero(): // it has no place among the others
			continue
		case j.status == jobDone:
			next.Success[j.action] = max(next.Success[j.action], j.ended().UnixMilli())
			continue
		case !j.failed():
			continue
		}
		next.Failure[j.action] = max(next.Failure[j.action], j.ended().UnixMilli())
		_, known := next.Known[j.id]
		if known || at < next.Since || j.id == "" {
			continue
		}
		next.Known[j.id] = at
		if k.Began {
			next.Failures[j.action][j.status]++
		}
	}
	if !k.Began {
		next.Since = oldest(newest)
	}
	next.forget()
	return next
}

func clone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// oldest is when the oldest of the jobs was scheduled.
func oldest(jobs []job) int64 {
	for _, j := range slices.Backward(jobs) { // the newest stands first
		if !j.scheduled.IsZero() {
			return j.scheduled.UnixMilli()
		}
	}
	return 0
}

// forget keeps maxKnownFailures of the failed jobs, and counts none from then on that was scheduled before those.
func (k *keptJobs) forget() {
	if len(k.Known) <= maxKnownFailures {
		return
	}
	ids := slices.SortedFunc(maps.Keys(k.Known), func(a, b string) int { return cmp.Or(cmp.Compare(k.Known[b], k.Known[a]), cmp.Compare(a, b)) })
	for _, id := range ids[maxKnownFailures:] {
		k.Since = max(k.Since, k.Known[id]+1)
		delete(k.Known, id)
	}
}

// samples are the counters, and the last time of each action. The counters are there from the second reading on, those
// before a restart too: a first reading does not tell which failures are new.
func (m *jobMemory) samples() []source.Sample {
	var samples []source.Sample
	for _, action := range append(slices.Clone(jobActions), "other") {
		if at, seen := m.kept.Success[action]; seen {
			samples = append(samples, jobLastSuccess.Sample(float64(at)/1000, action))
		}
		if at, seen := m.kept.Failure[action]; seen {
			samples = append(samples, jobLastFailure.Sample(float64(at)/1000, action))
		}
		counts, seen := m.kept.Failures[action]
		if !seen || m.read < 2 {
			continue
		}
		for _, status := range failedStatuses {
			samples = append(samples, jobFailures.Sample(float64(counts[status]), action, status))
		}
	}
	return samples
}
