package msr

import (
	"context"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	cronNextRun = source.Gauge("registry_msr_cron_next_run_timestamp_seconds",
		"When MSR will begin the next job of the action by its schedule, in seconds since 1970: of several crons the earliest; absent when none is due (/api/v0/crons: nextRun).", "action")
	cronInterval = source.Gauge("registry_msr_cron_interval_seconds",
		"The longest time between two jobs of the action by its schedule, in seconds: of several crons the shortest of these; absent when none is due, or its schedule is not understood (/api/v0/crons: schedule).", "action")
)

const cronsPath = "/api/v0/crons"

// A cron is when jobs of one action begin.
type cron struct {
	next     time.Time     // zero: none is due
	interval time.Duration // zero: not known
}

// readCrons asks for the schedules of jobs.
func (r *listRun) readCrons(ctx context.Context) (note string, err error) {
	return r.readList(ctx, cronsPath, okOnly(func(a *ask.Answer) (listed, error) {
		crons, n, err := parseCrons(a.Body)
		r.due = crons
		return listed{cronSamples(crons), source.Plural(n, "cron", "crons")}, err
	}))
}

// parseCrons reads {"crons": […]}: for each action when it is due next. n is the number of rows.
func parseCrons(body []byte) (crons map[string]cron, n int, err error) {
	crons = map[string]cron{}
	var action, schedule string
	var next time.Time
	err = readRows(body, "crons", func() { action, schedule, next = "other", "", time.Time{} }, func(d *decoder, key []byte) (err error) {
		var text string
		switch string(key) {
		case "action":
			text, err = d.optionalText()
			action = knownOr(text, jobActions)
		case "schedule":
			schedule, err = d.optionalText()
		case "nextRun":
			next, err = d.optionalTime()
		default:
			err = d.skip()
		}
		return err
	}, func() error {
		n++
		if !next.IsZero() {
			crons[action] = crons[action].and(cron{next, intervalOf(schedule, next)})
		}
		return nil
	})
	return crons, n, err
}

// and is two crons of one action.
func (c cron) and(other cron) cron {
	if c.next.IsZero() || other.next.Before(c.next) {
		c.next = other.next
	}
	if c.interval == 0 || other.interval > 0 && other.interval < c.interval {
		c.interval = other.interval
	}
	return c
}

func cronSamples(crons map[string]cron) []source.Sample {
	var samples []source.Sample
	for _, action := range append(slices.Clone(jobActions), "other") {
		c, due := crons[action]
		if !due {
			continue
		}
		samples = append(samples, cronNextRun.Sample(source.Unix(c.next), action))
		if c.interval > 0 {
			samples = append(samples, cronInterval.Sample(c.interval.Seconds(), action))
		}
	}
	return samples
}
