package registry

import (
	"errors"
	"testing"
	"time"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// TestWhoRefused: a refusal of the login may be about our account alone. Whoever refuses a later request refuses
// everybody's.
func TestWhoRefused(t *testing.T) {
	p := &puller{role: "front", images: []*client.Image{{Name: "a:1"}, {Name: "b:1"}}}
	const ours = source.CannotLook
	for _, c := range []struct {
		name, step, reason string
		pull, push         string // the alert; empty: this refusal does not happen there
	}{
		{name: "a wrong password", step: stepAuth, reason: source.ReasonUnauthorized, pull: ours, push: ours},
		{name: "an account without the right", step: stepAuth, reason: source.ReasonForbidden, pull: ours, push: ours},
		{name: "a token server without that path", step: stepAuth, reason: source.ReasonNotFound, pull: ours, push: ours},
		{name: "a client certificate that is missing", step: stepAuth, reason: source.ReasonTLSClientCert, pull: ours, push: ours},
		{name: "a token server that is down", step: stepAuth, reason: source.ReasonRefused, pull: "RegistryPullFails", push: "RegistryPushFails"},
		{name: "a token that is not taken", step: stepManifest, reason: source.ReasonUnauthorized, pull: "RegistryPullFails", push: "RegistryPushFails"},
		{name: "an image that is gone", step: stepManifest, reason: source.ReasonNotFound, pull: "RegistryPullFails"},
		{name: "blobs that the front forbids", step: stepLayers, reason: source.ReasonForbidden, pull: "RegistryPullFails"},
		{name: "a store that refuses", step: stepConfig, reason: source.ReasonStoreRefused, pull: "RegistryPullFails"},
		{name: "a method that the front forbids", step: "chunk", reason: source.ReasonForbidden, push: "RegistryPushFails"},
		{name: "a repository that there is not", step: "start", reason: source.ReasonNotFound, push: ours},
		{name: "a manifest that is gone at once", step: "read_back", reason: source.ReasonNotFound, push: "RegistryPushFails"},
		{name: "a limit of requests that we reach at the login", step: stepAuth, reason: source.ReasonRateLimited, pull: ours, push: ours},
		{name: "a limit of requests that we reach later", step: stepManifest, reason: source.ReasonRateLimited, pull: ours, push: ours},
		{name: "a redirect that the configuration does not allow", step: stepLayers, reason: source.ReasonRedirectRefused, pull: ours},
		{name: "no right to cancel", step: "cancel", reason: source.ReasonForbidden, push: ours},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := source.Failed(c.reason, "no")
			run := func(name string) source.Result {
				return source.Result{Err: err, Last: source.Run{Err: err, Steps: []source.Step{{Name: name, Err: err}}}}
			}
			if c.pull != "" {
				if got := p.alert(&source.View{}, run("a:1 "+c.step)); got != c.pull {
					t.Errorf("pull: %s, want %s", got, c.pull)
				}
			}
			if c.push != "" {
				if got := (&push{}).alert(&source.View{}, run(c.step)); got != c.push {
					t.Errorf("push: %s, want %s", got, c.push)
				}
			}
		})
	}
}

// One image that our account may not pull must not hide the outage of another.
func TestOneImageThatWeMayNotPull(t *testing.T) {
	p := &puller{role: "front", images: []*client.Image{{Name: "a:1"}, {Name: "b:1"}}}
	forbidden := source.Failed(source.ReasonForbidden, "no")
	res := source.Result{Err: forbidden, Last: source.Run{Steps: []source.Step{
		{Name: "a:1 auth", Err: forbidden}, {Name: "b:1 layers", Err: errors.New("another")},
	}}}
	if got := p.alert(&source.View{}, res); got != "RegistryPullFails" {
		t.Errorf("%s, want RegistryPullFails", got)
	}
}

// A limit that stops the pull of one image hides no outage of another.
func TestOneImageThatIsLimited(t *testing.T) {
	p := &puller{role: "front", images: []*client.Image{{Name: "a:1"}, {Name: "b:1"}}}
	limited := source.Failed(source.ReasonRateLimited, "status 429")
	res := source.Result{Err: limited, Last: source.Run{Steps: []source.Step{
		{Name: "a:1 manifest", Err: limited}, {Name: "b:1 layers", Err: source.Failed(source.ReasonServerError, "status 500")},
	}}}
	if got := p.alert(&source.View{}, res); got != "RegistryPullFails" {
		t.Errorf("%s, want RegistryPullFails", got)
	}
}

// An odd answer to /v2/ is no outage while clients get through; without an answer, or with one of a server that fails, it is.
func TestOddAnswerToV2(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := &api{role: "front"}
	ran := func(at time.Time, sample source.Sample) []source.Result {
		s := &source.Source{}
		s.Probe = &source.Probe{Every: time.Minute}
		return []source.Result{{Source: s, Samples: []source.Sample{sample}, Last: source.Run{End: at}}}
	}
	pulled := pullSuccess.Sample(1, "front:443", "front", "a:1")
	for _, c := range []struct {
		name, reason string
		status       float64 // 0: no answer came
		others       []source.Result
		passive      bool
		want         string
	}{
		{name: "404", reason: source.ReasonNotFound, status: 404, want: "RegistryDown"},
		{name: "404, and pulls work", reason: source.ReasonNotFound, status: 404, others: ran(now, pulled), want: ""},
		{name: "404, and pushes work", reason: source.ReasonNotFound, status: 404, others: ran(now, pushSuccess.Sample(1, "front:443", "front")), want: ""},
		{name: "404, and a push was refused as it should be", reason: source.ReasonNotFound, status: 404, others: ran(now, pushSuccess.Sample(1, "front:443", "front")), passive: true, want: "RegistryPassiveSiteDown"},
		{name: "404, and a pull from a backend works", reason: source.ReasonNotFound, status: 404, others: ran(now, pullSuccess.Sample(1, "10.0.0.1:5000", "backend", "a:1")), want: "RegistryDown"},
		{name: "404, and pulls worked long ago", reason: source.ReasonNotFound, status: 404, others: ran(now.Add(-time.Hour), pulled), want: "RegistryDown"},
		{name: "404, and pulls fail", reason: source.ReasonNotFound, status: 404, others: ran(now, pullSuccess.Sample(0, "front:443", "front", "a:1")), want: "RegistryDown"},
		{name: "502, and the last pull worked", reason: source.ReasonServerError, status: 502, others: ran(now, pulled), want: "RegistryDown"},
		{name: "no answer, and the last pull worked", reason: source.ReasonRefused, others: ran(now, pulled), want: "RegistryDown"},
		{name: "429", reason: source.ReasonRateLimited, status: 429, want: source.CannotLook},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := source.Result{Err: source.Failed(c.reason, "no"), Samples: []source.Sample{apiUp.Sample(0, "front:443", "front")}}
			if c.status != 0 {
				res.Samples = append(res.Samples, apiStatusCode.Sample(c.status, "front:443", "front"))
			}
			if got := a.alert(&source.View{Now: now, Passive: c.passive, Results: c.others}, res); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// When a registry refuses the token of its own token server, nobody can log in.
func TestTokenThatIsNotTaken(t *testing.T) {
	for token, want := range map[float64]string{0: source.CannotLook, 1: "RegistryLoginFails"} {
		res := source.Result{Err: source.Failed(source.ReasonUnauthorized, "no"), Samples: []source.Sample{
			apiUp.Sample(1, "front:443", "front"), apiToken.Sample(token, "front:443", "front"),
		}}
		if got := (&api{role: "front"}).alert(&source.View{}, res); got != want {
			t.Errorf("token %v: %s, want %s", token, got, want)
		}
	}
}
