package msr

import (
	"context"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var workerUp = source.Gauge("registry_msr_worker_up",
	"1 if the worker, which does the jobs of one replica, runs and its heartbeat has not expired at the time of the answer; 0 if it is dead (/api/v0/workers: status, heartbeatExpiration).",
	"worker").Outside("worker")

const workersPath = "/api/v0/workers"

// A worker is one row of the list.
type worker struct {
	id, status string
	heartbeat  time.Time // when it expires; zero: not known
}

// isUp says whether the worker is alive at a time. A heartbeat that has expired is that of a dead worker, whatever its status
// says. known is false for a status that is neither running nor dead, without a heartbeat.
func (w worker) isUp(now time.Time) (up, known bool) {
	switch {
	case w.status == "dead", !w.heartbeat.IsZero() && w.heartbeat.Before(now):
		return false, true
	case w.status == "running", !w.heartbeat.IsZero():
		return true, true
	}
	return false, false
}

// readWorkers asks for the workers.
func (r *listRun) readWorkers(ctx context.Context) (note string, err error) {
	return r.readList(ctx, workersPath, okOnly(func(a *ask.Answer) (listed, error) {
		samples, err := parseWorkers(a.Body, clockOf(a))
		return listed{samples, source.Plural(len(samples), "worker", "workers")}, err
	}))
}

// parseWorkers reads {"workers": […]}.
func parseWorkers(body []byte, now time.Time) ([]source.Sample, error) {
	var samples []source.Sample
	var one worker
	err := readRows(body, "workers", func() { one = worker{} }, func(d *decoder, key []byte) (err error) {
		switch string(key) {
		case "id":
			one.id, err = d.optionalText()
		case "status":
			one.status, err = d.optionalText()
		case "heartbeatExpiration":
			one.heartbeat, err = d.optionalTime()
		default:
			err = d.skip()
		}
		return err
	}, func() error {
		if one.id == "" {
			return errShape
		}
		if up, known := one.isUp(now); known {
			samples = append(samples, workerUp.Sample(source.Bool01(up), one.id))
		}
		return nil
	})
	return samples, err
}
