package config

import (
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

func (v *validation) msr(m *MSR) {
	if m.Jobs.Every != 0 {
		v.every(model.Duration(m.Jobs.Every), "msr", "jobs")
	}
}
