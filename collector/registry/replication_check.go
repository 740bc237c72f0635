package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// An otherSiteError is about a site to which the push is replicated.
type otherSiteError struct {
	error
	site string
}

func (e otherSiteError) Unwrap() error { return e.error }

// check checks whether the canary under way has arrived at a site, with all its parts.
func (r *replication) check(ctx context.Context, s site) source.Step {
	ctx, cancel := context.WithTimeout(ctx, r.checkTimeout)
	defer cancel()
	start, there := time.Now(), r.state.sites[s.name]
	session := client.NewSession(s.Account)
	err := r.state.canary.isAt(ctx, session, r.repository, r.tag)
	changed := source.Reason(err) == source.ReasonDigestMismatch && !r.hasACanary(ctx, session)
	if changed {
		err = source.Failed(source.ReasonDigestMismatch, "the tag %s names an image that was not pushed here: a tool that copies images changes them, or somebody else pushes to this tag", r.tag)
	}
	if errors.Is(err, context.Canceled) { // the exporter stops: this says nothing about the site
		return source.Step{Name: "at " + s.name, Took: time.Since(start), Err: err}
	}
	step := source.Step{Name: "at " + s.name, Took: time.Since(start)}
	switch why := source.Reason(err); {
	case err == nil:
		*there = siteState{took: time.Since(r.state.pushed), at: time.Now()}
		step.Note = fmt.Sprintf("arrived after %s", there.took.Round(time.Millisecond))
	case !changed && slices.Contains([]string{source.ReasonNotFound, source.ReasonMissingBlob, source.ReasonDigestMismatch, source.ReasonShortRead}, why):
		there.err = nil
		step.Note = fmt.Sprintf("not there yet: %s", err)
	default:
		there.err = otherSiteError{fmt.Errorf("looking for the canary at %s: %w", s.name, err), s.name}
		step.Err = there.err
	}
	return step
}

// hasACanary says whether the tag names any canary of this exporter at a site, or cannot be read. An older canary there
// waits to be replaced: the new one has just not arrived.
func (r *replication) hasACanary(ctx context.Context, s *client.Session) bool {
	a, err := s.Fetch(ctx, r.repository, "manifests/"+r.tag, anyManifest)
	return err != nil || r.numberOf(a.Body) >= 0
}

// result returns the state of replication as samples and as an error: that of the push, or else that of the first site
// whose check failed, with the texts of the other sites behind it.
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
		case there.err != nil: // the reason stays that of the first site
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
