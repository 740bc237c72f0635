package msr

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	jobsByStatus = source.Gauge("registry_msr_jobs",
		"Jobs by action and status, of the 200 newest; one that is not known counts as other (/api/v0/jobs: action, status).", "action", "status")
	jobsWindowStart = source.Gauge("registry_msr_jobs_window_start_timestamp_seconds",
		"When the oldest of the 200 newest jobs was scheduled, in seconds since 1970: how far back registry_msr_jobs looks (/api/v0/jobs: scheduledAt).")
	jobsOldestWaiting = source.Gauge("registry_msr_jobs_oldest_waiting_timestamp_seconds",
		"When the oldest job that waits was scheduled, in seconds since 1970; absent while none of the 200 newest waits (/api/v0/jobs: scheduledAt).")
	jobFailedInARow = source.Gauge("registry_msr_job_failed_in_a_row",
		"How many of the jobs of an action have failed since the last one that was done, of the 200 newest; of garbage collections, where these have none, of their last 10 (/api/v0/jobs: status).", "action")
)

// jobsPath asks for the 200 newest jobs. Without action and worker old versions find none.
const jobsPath = "/api/v0/jobs?action=any&worker=any&running=any&start=0&limit=200"

// jobActions are the values of the label action, besides other.
var jobActions = []string{
	"gc", "onlinegc", "onlinegc_metadata", "onlinegc_joblogs", "metadatastoremigration", "tagmigration", "bloblinkmigration", "license_update",
	"scan_check", "scan_check_single", "scan_check_all", "update_vuln_db", "push_mirror_tag", "poll_mirror", "webhook", "ro_registry",
	"tag_pruning", "tag_prune",
}

// Statuses of jobs that are told apart.
const (
	jobWaiting = "waiting"
	jobRunning = "running"
	jobDone    = "done"
)

// failedStatuses are those of jobs that have failed.
var failedStatuses = []string{"error", "errored", "timeout", "conflict", "worker_dead", "worker_resurrection"}

// jobStatuses are the values of the label status, besides other.
var jobStatuses = append([]string{
	jobWaiting, jobRunning, jobDone, "canceled", "cancel", "cancel_request", "deleted", "worker_shutdown",
}, failedStatuses...)

// knownOr is the text if it is one of the known ones, else other.
func knownOr(text string, known []string) string {
	if i := slices.Index(known, text); i >= 0 {
		return known[i]
	}
	return "other"
}

// A job is one row of the list.
type job struct {
	id        string    // at most maxJobID bytes
	action    string    // one of jobActions, or other
	status    string    // one of jobStatuses, or other
	scheduled time.Time // zero: not known
	updated   time.Time // zero: not known
}

// maxJobID bounds the id of a job, which is a UUID.
const maxJobID = 64

func (j job) failed() bool { return slices.Contains(failedStatuses, j.status) }

// ended is when the job was done or had failed; when it was scheduled, if that is not known.
func (j job) ended() time.Time {
	if j.updated.IsZero() {
		return j.scheduled
	}
	return j.updated
}

// tooNew is how far in the future the time of a job may lie: clocks differ. One further ahead is not known.
const tooNew = time.Hour

// parseJobs reads {"jobs": […]}. A time that lies in the future, as of now, is not known.
func parseJobs(body []byte, now time.Time) ([]job, error) {
	var all []job
	var one job
	past := func(at time.Time) time.Time {
		if at.After(now.Add(tooNew)) {
			return time.Time{}
		}
		return at
	}
	err := readRows(body, "jobs", func() { one = job{action: "other", status: "other"} }, func(d *decoder, key []byte) (err error) {
		var text string
		switch string(key) {
		case "id":
			text, err = d.optionalText()
			one.id = text[:min(len(text), maxJobID)]
		case "action":
			text, err = d.optionalText()
			one.action = knownOr(text, jobActions)
		case "status":
			text, err = d.optionalText()
			one.status = knownOr(text, jobStatuses)
		case "scheduledAt":
			one.scheduled, err = d.optionalTime()
			one.scheduled = past(one.scheduled)
		case "lastUpdated":
			one.updated, err = d.optionalTime()
			one.updated = past(one.updated)
		default:
			err = d.skip()
		}
		return err
	}, func() error {
		all = append(all, one)
		return nil
	})
	slices.SortStableFunc(all, func(a, b job) int { return cmp.Or(b.scheduled.Compare(a.scheduled), cmp.Compare(a.id, b.id)) })
	return all, err
}

// readJobs asks for the newest jobs, and counts on from the ones before.
func (r *listRun) readJobs(ctx context.Context) (note string, err error) {
	var jobs []job
	note, err = r.readList(ctx, jobsPath, okOnly(func(a *ask.Answer) (listed, error) {
		var err error
		jobs, err = parseJobs(a.Body, clockOf(a))
		return listed{jobSamples(jobs), jobsNote(jobs)}, err
	}))
	if err == nil || len(jobs) > 0 {
		older, olderErr := r.readCollections(ctx, jobs)
		err = cmp.Or(err, olderErr, r.memory.note(jobs, older))
		r.samples = append(r.samples, inARowSamples(slices.Concat(jobs, older))...)
	}
	r.samples = append(r.samples, r.memory.samples()...)
	return note, err
}

// jobsWindow is how many jobs jobsPath asks for.
const jobsWindow = 200

// readCollections asks for the last garbage collections where they are scheduled, and the newest jobs do not reach back to one: a
// busy MSR has 200 jobs in some minutes.
func (r *listRun) readCollections(ctx context.Context, newest []job) (older []job, err error) {
	for _, action := range gcActions {
		isThere := slices.ContainsFunc(newest, func(j job) bool { return j.action == action && (j.status == jobDone || j.failed()) })
		if _, due := r.due[action]; !due || isThere || len(newest) < jobsWindow {
			continue
		}
		_, askErr := r.get(ctx, lastJobsPath(action), okOnly(func(a *ask.Answer) (listed, error) {
			jobs, err := parseJobs(a.Body, clockOf(a))
			older = append(older, slices.DeleteFunc(jobs, func(j job) bool { return j.action != action || slices.ContainsFunc(newest, j.isThe) })...)
			return listed{}, err
		}))
		err = cmp.Or(err, askErr)
	}
	return older, err
}

// isThe says whether two rows are one job.
func (j job) isThe(other job) bool { return j.id == other.id }

// lastJobsPath asks for the last jobs of one action.
func lastJobsPath(action string) string {
	return "/api/v0/jobs?action=" + action + "&worker=any&running=any&start=0&limit=10"
}

// jobSamples are about the jobs of one answer, the newest first.
func jobSamples(jobs []job) []source.Sample {
	var samples []source.Sample
	counts := map[[2]string]int{}
	var start, waiting time.Time
	for _, j := range jobs {
		counts[[2]string{j.action, j.status}]++
		if j.scheduled.IsZero() {
			continue
		}
		start = j.scheduled
		if j.status == jobWaiting {
			waiting = j.scheduled
		}
	}
	for _, action := range append(slices.Clone(jobActions), "other") {
		for _, status := range append(slices.Clone(jobStatuses), "other") {
			if n := counts[[2]string{action, status}]; n > 0 {
				samples = append(samples, jobsByStatus.Sample(float64(n), action, status))
			}
		}
	}
	if !start.IsZero() {
		samples = append(samples, jobsWindowStart.Sample(source.Unix(start)))
	}
	if !waiting.IsZero() {
		samples = append(samples, jobsOldestWaiting.Sample(source.Unix(waiting)))
	}
	return samples
}

// inARowSamples are how many of each action have failed in a row; the newest jobs stand first.
func inARowSamples(jobs []job) []source.Sample {
	var samples []source.Sample
	for _, action := range append(slices.Clone(jobActions), "other") {
		if n, ended := failedInARow(jobs, action); ended {
			samples = append(samples, jobFailedInARow.Sample(float64(n), action))
		}
	}
	return samples
}

// failedInARow counts the jobs of an action that have failed since the last one that was done. Jobs that go on, or were
// cancelled, count as neither. ended says whether any was done or has failed.
func failedInARow(jobs []job, action string) (n int, ended bool) {
	for _, j := range jobs {
		switch {
		case j.action != action:
		case j.status == jobDone:
			return n, true
		case j.failed():
			n++
		}
	}
	return n, n > 0
}

// jobsNote is such as "200 jobs, 3 run, 1 waits".
func jobsNote(jobs []job) string {
	running, waiting := 0, 0
	for _, j := range jobs {
		switch j.status {
		case jobRunning:
			running++
		case jobWaiting:
			waiting++
		}
	}
	return fmt.Sprintf("%s, %d running, %d waiting", source.Plural(len(jobs), "job", "jobs"), running, waiting)
}
