package msr

import (
	"context"
	"errors"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	repositoryPulls = source.Counter("registry_msr_repository_pulls_total",
		"Pulls of a repository that msr.repositories names, as MSR counts them (/api/v0/repositories/NAMESPACE/REPOSITORY: pulls).", "repository").Outside("repository")
	repositoryPushes = source.Counter("registry_msr_repository_pushes_total",
		"Pushes to a repository that msr.repositories names, as MSR counts them (/api/v0/repositories/NAMESPACE/REPOSITORY: pushes).", "repository").Outside("repository")
	repositoriesTimestamp = source.Gauge("registry_msr_repositories_last_run_timestamp_seconds",
		"When MSR was last asked for the repositories, in seconds since 1970.", "address")
	repositoriesInterval = source.Gauge("registry_msr_repositories_interval_seconds",
		"How often MSR is asked for the repositories, in seconds.", "address")
)

// repositoriesEvery is from one run to the next. 200 repositories take 200 seconds.
const repositoriesEvery = 5 * time.Minute

const repositoriesPath = "/api/v0/repositories/"

// RepositorySources makes the probe of the collector msr_repositories; none without msr.repositories. The error is that of
// Sources.
func RepositorySources(b *ask.Builder) ([]*source.Source, error) {
	replicas, err := b.Replicas()
	if err != nil || replicas == nil || b.MSR.Repositories == nil {
		return nil, err
	}
	l := &lister{replicas: replicas, every: repositoriesEvery, timeout: time.Duration(b.MSR.Timeout)}
	names := b.MSR.Repositories
	run := func(ctx context.Context) source.Run { return l.countRepositories(ctx, names, betweenRequests) }
	s := &source.Source{Address: replicas[0].Address, Words: l.walkWords(repositoriesPath+names[0], nil)}
	return []*source.Source{b.Probe(&source.Probe{Every: l.every, Run: run}, s, names)}, nil
}

// countRepositories does one run.
func (l *lister) countRepositories(ctx context.Context, names []string, pace time.Duration) source.Run {
	w := l.newWalk(pace)
	for _, name := range names {
		if !w.ask(ctx, repositoriesPath+name, func(a *ask.Answer) (listed, error) {
			samples, err := parseRepository(a.Body, name)
			return listed{samples: samples}, err
		}) {
			break
		}
	}
	return w.end(ctx, repositoriesTimestamp, repositoriesInterval)
}

// parseRepository reads {"pulls": 17, "pushes": 4, …}.
func parseRepository(body []byte, name string) ([]source.Sample, error) {
	d := &decoder{data: body}
	var samples []source.Sample
	err := d.object(func(key []byte) error {
		return d.tolerate(func() error {
			m := map[string]*source.Metric{"pulls": repositoryPulls, "pushes": repositoryPushes}[string(key)]
			if m == nil {
				return d.skip()
			}
			n, err := d.count()
			if err == nil {
				samples = append(samples, m.Sample(n, name))
			}
			return err
		})
	})
	switch {
	case errors.Is(err, errShape):
		return nil, source.Failed(source.ReasonBadAnswer, "not a JSON object with pulls and pushes")
	case err != nil:
		return samples, err
	case len(samples) == 0 && d.odd == 0:
		return nil, source.Failed(source.ReasonBadAnswer, "the answer has neither pulls nor pushes")
	}
	return samples, errors.Join(d.end(), d.oddities())
}
