package config

import (
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

// Defaults and bounds of msr.trust and trust.
const (
	DefaultTrustEvery        = model.Duration(time.Minute)
	DefaultTrustRepositories = 50

	maxTrustRepositories = 100 // each has up to 4 series
)

// TrustLog says how the log of content trust is read: Notary's changefeed.
type TrustLog struct {
	Every        model.Duration    `yaml:"every,omitempty"`
	Repositories TrustRepositories `yaml:"repositories,omitempty"`
}

// TrustRepositories says how many repositories are counted by name. All others are counted together.
type TrustRepositories struct {
	Max int `yaml:"max,omitempty"`
}

// Trust is the log of content trust of a Notary of one's own. MSR.Trust is that of an MSR.
type Trust struct {
	URL      URL                          `yaml:"url"`
	HTTP     *promconfig.HTTPClientConfig `yaml:"http,omitempty"`
	TrustLog `yaml:",inline"`
}

func (r *Registry) trustDefaults(dir string) {
	if t := r.Trust; t != nil {
		t.HTTP = httpDefaults(t.HTTP, nil, dir)
		t.setDefaults()
	}
	if r.MSR != nil && r.MSR.Trust != nil {
		r.MSR.Trust.setDefaults()
	}
}

func (t *TrustLog) setDefaults() {
	orDefault(&t.Every, DefaultTrustEvery)
	orDefault(&t.Repositories.Max, DefaultTrustRepositories)
}

func (v *validation) trust(r *Registry) {
	ofMSR := r.MSR != nil && r.MSR.Trust != nil
	if ofMSR {
		v.trustLog(r.MSR.Trust, "msr", "trust")
	}
	t := r.Trust
	switch {
	case t == nil:
		return
	case ofMSR:
		v.fail("stands beside msr.trust: keep msr.trust for the Notary of an MSR, and trust for one of your own", "trust")
	case t.URL.URL == nil:
		v.fail("url is missing: the Notary server, such as https://notary.example.org (that of an MSR is msr.trust, without a url)", "trust")
		return
	}
	v.root(t.URL, "trust", "url")
	v.http(t.HTTP, "trust", "http")
	v.trustLog(&t.TrustLog, "trust")
}

func (v *validation) trustLog(t *TrustLog, path ...any) {
	if t.Every < minEvery {
		v.fail("must be 2s or more, and mostly 60s: an MSR shows no change sooner", append(path, "every")...)
	}
	if n := t.Repositories.Max; n < 1 || n > maxTrustRepositories {
		v.fail("must be between 1 and 100: each repository has series of its own", append(path, "repositories", "max")...)
	}
}
