package registry

import (
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// words are what the report says of the collector pull.
func (p *puller) words() source.Words {
	return source.Words{
		Place: p.place,
		Alert: p.alert,
		Advice: []source.Advice{
			slowStore, tokenRefused, wantsNoLogin,
			{Reasons: source.ReasonStoreRefused, What: "the store to which the registry redirects blobs refuses what the registry has signed for it: its key, its signature, a clock or a policy of the store is wrong, and no client gets blobs", Try: source.TryPull},
			{Reasons: source.ReasonForbidden, When: func(res source.Result) bool { return !p.isOurs(res) && failsAtAStep(res) }, What: refusesLater, Try: source.TryPull},
			{Reasons: source.ReasonForbidden, What: "the account is let in, but has no right to {image}", Try: source.TryPull},
			{Reasons: source.ReasonNotFound, What: "the registry does not know {image}: it was deleted, or the name is misspelt", Try: source.TryPull},
			{Reasons: source.ReasonMissingBlob, What: "{image} is listed, but a part of it is not in the store: push it again, and find out what removed it", Try: source.TryPull},
			shortBlob, damagedBlob,
		},
	}
}

// refusesLater is what a 403 after the login says.
const refusesLater = "{address} lets us in and refuses a later request, as it does with everybody's: a front or a firewall that forbids the path or the method, or a policy of the registry"

// These rows of advice are those that pulls and pushes share.
var (
	tokenRefused = source.Advice{
		Reasons: source.ReasonUnauthorized, When: func(res source.Result) bool { return ask.IsTokenRefused(res.Err) }, Try: source.TryRequest,
		What: "token server and registry do not agree: the registry refuses the token that its token server has just given (signing key, issuer or service was changed on one side), so nobody is let in",
	}
	wantsNoLogin = source.Advice{
		Reasons: source.ReasonUnauthorized, When: func(res source.Result) bool { return failsAtAStep(res) && !ask.IsNotLetIn(res.Err) }, Try: source.TryRequest,
		What: "{address} answers 401 and asks for no login, so no client can log in: a front that drops WWW-Authenticate, or a fault inside that it tells as 401",
	}
	slowStore   = source.Advice{Reasons: source.ReasonTimeout, What: "the registry does not get it done in time: its store is slow or hangs", Try: source.TryRequest}
	shortBlob   = source.Advice{Reasons: source.ReasonShortRead, What: "the registry hands out fewer bytes than it announced: its store does not give them, or the layer was cut short", Try: source.TryPull}
	damagedBlob = source.Advice{Reasons: source.ReasonDigestMismatch, What: "the bytes are not those of the digest: what is in the store, or in a cache on the way, is damaged", Try: source.TryPull}
)

// place is the place that commands of the report name. {image} is the image that fails, or else the first.
func (p *puller) place(res source.Result) source.Place {
	at := p.At("/v2/")
	registry := p.URL.Host
	if at.ConnectTo {
		registry = p.Address
	}
	at.Image = registry + "/" + p.failingImage(res.Steps())
	return at
}

// failingImage is the name of the first image of which a step failed, or of the first image.
func (p *puller) failingImage(steps []source.Step) string {
	for _, done := range steps {
		for _, i := range p.images {
			if done.Err != nil && strings.HasPrefix(done.Name, i.Name+" ") {
				return i.Name
			}
		}
	}
	return p.images[0].Name
}

// alert is the name of the alert about a failed pull.
func (p *puller) alert(v *source.View, res source.Result) string {
	switch {
	case p.isOurs(res):
		return source.CannotLook
	case p.role != "front":
		return "RegistryBackendDown"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	case failsForContent(res):
		return "RegistryContentBad"
	}
	return "RegistryPullFails"
}

// isOurs says whether each image that fails does so at its login, for a reason that is ours to mend. A panic has no step.
func (p *puller) isOurs(res source.Result) bool {
	for _, done := range res.Steps() {
		if done.Err != nil && !(strings.HasSuffix(done.Name, " "+stepAuth) && source.IsOurs(source.Reason(done.Err))) {
			return false
		}
	}
	why := source.Reason(res.Err)
	return source.IsOurs(why) && why != source.ReasonNotFound || failsAtAStep(res)
}

// failsAtAStep says whether a step of the last run failed.
func failsAtAStep(res source.Result) bool {
	return slices.ContainsFunc(res.Steps(), func(done source.Step) bool { return done.Err != nil })
}

// failsForContent says whether the pull failed for content and a bad blob is known, while others were well.
func failsForContent(res source.Result) bool {
	return isContent(res.Err) && len(res.All(pullContentBad)) > 0
}
