package config

import (
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// DefaultMSRJobsEvery is how often an MSR is asked for its jobs unless the file says otherwise.
const DefaultMSRJobsEvery = Every(5 * time.Minute)

// MSRJobs says how often an MSR is asked for its jobs, workers, crons and scanner.
type MSRJobs struct {
	Every Every `yaml:"every"`
}

// UnmarshalYAML takes the default for a key that is left out: 0 means never.
func (j *MSRJobs) UnmarshalYAML(n *yaml.Node) error {
	type plain MSRJobs
	*j = MSRJobs{DefaultMSRJobsEvery}
	return n.Decode((*plain)(j))
}

// Every is the time from one run to the next; 0: it never runs.
type Every model.Duration

// UnmarshalYAML reads a duration such as 5m, or 0.
func (e *Every) UnmarshalYAML(n *yaml.Node) error { return n.Decode((*model.Duration)(e)) }

// MarshalYAML writes the duration with its unit.
func (e Every) MarshalYAML() (any, error) { return model.Duration(e).MarshalYAML() }

// MaxMSRRepositories bounds msr.mirrors and msr.repositories: each repository is a request of its own, or two.
const MaxMSRRepositories = 200

// msrRepository is a namespace and a repository of an MSR; msrNamespace is a namespace alone.
var (
	msrRepository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[a-z0-9][a-z0-9._-]*$`)
	msrNamespace  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

func (v *validation) msr(m *MSR) {
	if m.Jobs.Every != 0 {
		v.every(model.Duration(m.Jobs.Every), "msr", "jobs")
	}
	v.msrRepositories(m.Mirrors, "mirrors", true)
	v.msrRepositories(m.Repositories, "repositories", false)
}

func (v *validation) msrRepositories(names []string, key string, namespaces bool) {
	if len(names) > MaxMSRRepositories {
		v.fail("holds more than 200 entries: each is a request of its own", "msr", key)
	}
	for i, name := range names {
		switch {
		case slices.Contains(names[:i], name):
			v.fail("stands twice: keep one", "msr", key, i)
		case msrRepository.MatchString(name), namespaces && msrNamespace.MatchString(name):
		case namespaces:
			v.fail("must be a repository such as team/app, or a namespace such as team", "msr", key, i)
		default:
			v.fail("must be a repository such as team/app", "msr", key, i)
		}
	}
}
