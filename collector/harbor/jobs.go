package harbor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// jobsEvery is how often policies, executions and quotas are asked for. They cost Harbor's database more than a scrape may.
const jobsEvery = 5 * time.Minute

// maxJobsSamples bounds the samples of a run: 100 policies with up to 12, and 251 projects with 2.
const maxJobsSamples = 2000

// jobs is a Harbor as the probe asks it. It is for one run at a time.
type jobs struct {
	*api
	known memory
}

// JobsSources makes the source of the collector harbor_jobs: a probe that asks what replication and quotas are like. It makes none
// of a registry without harbor, or without credentials for it. The error is that of Sources.
func JobsSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Harbor == nil {
		return nil, nil
	}
	a, err := ask.Shared(b, newAPI)
	if err != nil || !a.HasLogin {
		return nil, err
	}
	j := &jobs{a, ask.Kept(b, func() memory { return memory{} }, a.Address)}
	s := &source.Source{
		Address: a.Address, Most: maxJobsSamples, Words: j.words(),
		Down: []source.Sample{jobsInterval.Sample(jobsEvery.Seconds(), a.Address)},
	}
	return []*source.Source{b.Probe(&source.Probe{Every: jobsEvery, Run: j.run}, s)}, nil
}

// run does one run.
func (j *jobs) run(ctx context.Context) (r source.Run) {
	defer func() {
		r.Samples = append(r.Samples, jobsTimestamp.Sample(float64(time.Now().Unix()), j.Address))
	}()
	step := func(name string, do func() (note string, err error)) bool {
		start := time.Now()
		note, err := do()
		r.Steps = append(r.Steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
		r.Err = errors.Join(r.Err, err)
		return err == nil
	}
	var found *health
	if !step("health", func() (note string, err error) {
		if found, err = j.askHealth(ctx); err == nil {
			err = found.stops()
		}
		return "", err
	}) {
		return r
	}
	step("replication", func() (string, error) {
		samples, shown, err := j.replication(ctx)
		r.Samples = append(r.Samples, samples...)
		return source.Plural(shown, "policy", "policies"), found.blame(err)
	})
	if source.Reason(r.Err) == source.ReasonUnauthorized {
		return r
	}
	step("quotas", func() (string, error) {
		samples, limited, err := j.quotas(ctx)
		r.Samples = append(r.Samples, samples...)
		return fmt.Sprintf("%s with a quota", source.Plural(limited, "project", "projects")), found.blame(err)
	})
	return r
}
