package harbor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// maxCollections is how many garbage collections are asked for, the newest first.
const maxCollections = 5

// Labels of the schedule of garbage collections. It is of no policy, and an empty label is none to Prometheus.
const (
	garbageCollection = "garbage_collection"
	noPolicy          = "system"
)

// A collection is one garbage collection.
type collection struct {
	Kind       string `json:"job_kind"`   // MANUAL, or that of a schedule
	Status     string `json:"job_status"` // Pending, Running, Success, Error or Stopped
	Created    moment `json:"creation_time"`
	Updated    moment `json:"update_time"`
	Parameters string `json:"job_parameters"` // JSON
}

// collections asks for the last garbage collections and for their schedule.
func (h *hub) collections(ctx context.Context) ([]source.Sample, error) {
	var rows list[collection]
	if _, err := h.get(ctx, "/system/gc?page_size=5", &rows); err != nil {
		return nil, err
	}
	rows = rows[:min(len(rows), maxCollections)]
	samples := collectionSamples(rows)
	answer, err := h.gcSchedule(ctx)
	if err != nil {
		return samples, err
	}
	scheduled := answer.Schedule.Cron != ""
	samples = append(samples, gcScheduled.Sample(source.Bool01(scheduled)))
	if !scheduled {
		return samples, nil
	}
	begun := slices.IndexFunc(rows, func(c collection) bool { return c.Kind != "MANUAL" })
	last := answer.Updated.time()
	switch {
	case begun >= 0:
		last = later(last, rows[begun].Created.time())
	case len(rows) == maxCollections: // the last one of the schedule was before all of these
		last = later(last, rows[maxCollections-1].Created.time())
	}
	return append(samples, scheduleSamples(answer.Schedule.Cron, last, garbageCollection, noPolicy)...), nil
}

// A gcSchedule says when Harbor collects garbage.
type gcSchedule struct {
	Updated  moment                `json:"update_time"`
	Schedule struct{ Cron string } // empty: it does so by hand alone
}

// gcSchedule asks for the schedule. Without one the answer may have no body.
func (h *hub) gcSchedule(ctx context.Context) (s gcSchedule, err error) {
	const path = "/system/gc/schedule"
	answer, err := h.fetch(ctx, path)
	if err == nil && len(answer.Body) > 0 {
		if err = ask.FromJSON(answer.Body, &s); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	return s, err
}

// collectionSamples are about the rows, the newest first.
func collectionSamples(rows []collection) []source.Sample {
	var samples []source.Sample
	isRunning := func(c collection) bool { return c.Status == "Pending" || c.Status == "Running" }
	if i := slices.IndexFunc(rows, func(c collection) bool { return !isRunning(c) }); i >= 0 {
		samples = append(samples, gcFailing.Sample(source.Bool01(rows[i].Status == "Error")))
	}
	if i := slices.IndexFunc(rows, isRunning); i >= 0 && !rows[i].Created.time().IsZero() {
		samples = append(samples, gcRunningSince.Sample(source.Unix(rows[i].Created.time())))
	}
	well := slices.DeleteFunc(slices.Clone(rows), func(c collection) bool { return c.Status != "Success" })
	if len(well) > 0 && !well[0].Updated.time().IsZero() {
		samples = append(samples, gcLastSuccess.Sample(source.Unix(well[0].Updated.time())))
	}
	for _, c := range well {
		var parameters struct {
			Freed  *float64 `json:"freed_space"`
			DryRun bool     `json:"dry_run"`
		}
		if json.Unmarshal([]byte(c.Parameters), &parameters) == nil && parameters.Freed != nil && !parameters.DryRun {
			return append(samples, gcFreed.Sample(max(0, *parameters.Freed)))
		}
	}
	return samples
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
