package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// An otherSiteError is about another site than the one that pushes.
type otherSiteError struct {
	error
	site string
}

func (e otherSiteError) Unwrap() error { return e.error }

// check checks whether the canary under way has arrived at a site, whole.
func (r *replication) check(ctx context.Context, s site) source.Step {
	ctx, cancel := context.WithTimeout(ctx, r.checkTimeout)
	defer cancel()
	start, there := time.Now(), r.state.sites[s.name]
	err := r.state.canary.isAt(ctx, client.NewSession(s.Account), r.repository, r.tag)
	if errors.Is(err, context.Canceled) { // we were told to stop: that says nothing about the site
		return source.Step{Name: "at " + s.name, Took: time.Since(start), Err: err}
	}
	step := source.Step{Name: "at " + s.name, Took: time.Since(start)}
	switch source.Reason(err) {
	case "":
		*there = siteState{took: time.Since(r.state.pushed), at: time.Now()}
		step.Note = fmt.Sprintf("arrived after %s", there.took.Round(time.Millisecond))
	case source.ReasonNotFound, source.ReasonMissingBlob, source.ReasonDigestMismatch, source.ReasonShortRead:
		there.err = nil
		step.Note = fmt.Sprintf("not there yet: %s", err)
	default:
		there.err = otherSiteError{fmt.Errorf("looking for the canary at %s: %w", s.name, err), s.name}
		step.Err = there.err
	}
	return step
}

// result is the state of replication as samples, and as an error: that of the push, or else of the first site whose check
// failed, followed by the texts of the others.
func (r *replication) result() ([]source.Sample, error) {
	samples := []source.Sample{
		replicationTimestamp.Sample(source.Unix(time.Now()), r.Address),
		replicationInterval.Sample(r.every.Seconds(), r.Address),
	}
	err := r.state.err
	for _, s := range r.sites {
		there := r.state.sites[s.name]
		if there == nil {
			continue
		}
		samples = append(samples, r.siteSamples(s.name, there)...)
		switch {
		case err == nil:
			err = there.err
		case there.err != nil: // the reason is that of the first
			err = fmt.Errorf("%w; %s", err, there.err)
		}
	}
	return samples, err
}

func (r *replication) siteSamples(name string, there *siteState) []source.Sample {
	pending := time.Duration(0)
	if !there.since.IsZero() {
		pending = time.Since(there.since)
	}
	samples := []source.Sample{replicationPending.Sample(pending.Seconds(), r.Address, name)}
	if !there.at.IsZero() {
		samples = append(samples,
			replicationSeconds.Sample(there.took.Seconds(), r.Address, name),
			replicationSuccess.Sample(source.Unix(there.at), r.Address, name))
	}
	if there.err != nil {
		samples = append(samples, replicationFailure.Sample(1, r.Address, name, source.Reason(there.err)))
	}
	return samples
}
