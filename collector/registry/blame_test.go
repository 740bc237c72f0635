package registry

import (
	"errors"
	"testing"

	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// TestWhoRefused: who refuses the login may mean our account alone; who refuses later refuses everybody.
func TestWhoRefused(t *testing.T) {
	p := &puller{role: "front", images: []*client.Image{{Name: "a:1"}, {Name: "b:1"}}}
	const ours = source.CannotLook
	for _, c := range []struct {
		name, step, reason string
		pull, push         string // the alert; empty: does not happen there
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

// An image that we may not pull hides no outage of another.
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
