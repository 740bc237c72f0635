package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// words are what the report says of the collector pull.
func (p *puller) words() source.Words {
	return source.Words{
		Place:    p.place,
		Findings: p.findings,
		Alert:    p.alert,
		AsClient: true,
		Advice: []source.Advice{
			slowStore, tokenRefused, tokenEnded, oddLogin, wantsNoLogin,
			{Reasons: source.ReasonStoreRefused, What: "the store to which the registry redirects blobs refuses what the registry has signed for it: its key, its signature, a clock or a policy of the store is wrong, and no client gets blobs", Try: source.TryPull},
			{Reasons: source.ReasonUpstreamFailed, What: "the cache does not get from its upstream what it has not: the upstream is down, out of reach, or refuses the password of the cache. What it holds can be pulled", Try: source.TryPull},
			{Reasons: source.ReasonForbidden, When: func(res source.Result) bool { return !p.isOurs(res) && failsAtAStep(res) }, What: refusesLater, Try: source.TryPull},
			methodRefused,
			{Reasons: source.ReasonForbidden, What: "the account is let in, but has no right to {image}", Try: source.TryPull},
			{Reasons: source.ReasonNotFound, What: "the registry does not know {image}: it was deleted, or the name is misspelt", Try: source.TryPull},
			{
				When: isOfOtherPlatform, Try: `skopeo copy --all docker://{image} "dir:$(mktemp -d)"`,
				What: "nodes of pull.platform can pull {image}. Its index names an image for another platform too, of which the store has lost a part, as the error says: nodes of that platform cannot pull it. Push the image again for all platforms",
			},
			{
				Reasons: source.ReasonMissingBlob, When: isServedByTagAlone, Try: source.TryPull,
				What: "the tag of {image} is answered, and its manifest is not found by digest, by which containerd asks: it is gone from the store while a cache still knows the tag, or what answers serves no digests",
			},
			{Reasons: source.ReasonMissingBlob, What: "{image} is listed, but a part of it is not in the store: push it again, and find out what removed it", Try: source.TryPull},
			{
				Reasons: source.ReasonBadAnswer, When: isRefusedByNodes, Try: source.TryPull,
				What: "the registry is well, and nodes refuse {image} for how it was built, as the error says: build and push it again with other tools",
			},
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
	tokenEnded = source.Advice{
		Reasons: source.ReasonUnauthorized, When: func(res source.Result) bool { return ask.IsTokenEnded(res.Err) }, Try: source.TryRequest,
		What: "{address} refuses a token before the end that the token server said (expires_in), and clients take no other one until then: their pulls and pushes break off in the midst",
	}
	oddLogin = source.Advice{
		Reasons: source.ReasonBadAnswer, When: func(res source.Result) bool { return ask.IsOddLogin(res.Err) }, Try: source.TryRequest,
		What: "clients do not read how the login at {address} answers, so they cannot log in: the error names the part that the registry, its token server or a front has to write otherwise",
	}
	wantsNoLogin = source.Advice{
		Reasons: source.ReasonUnauthorized, When: func(res source.Result) bool { return failsAtAStep(res) && !ask.IsNotLetIn(res.Err) }, Try: source.TryRequest,
		What: "{address} answers 401 and asks for no login, so no client can log in: a front that drops WWW-Authenticate, or a fault inside that it tells as 401",
	}
	methodRefused = source.Advice{
		Reasons: source.ReasonClientError, When: failsAtAStep, Try: source.TryRequest,
		What: "{address} lets us in and refuses a request that clients send, too: the error names its method and its status. Mostly that is a front or a firewall with a list of methods, else a rule of the registry",
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
	case upstreamOnly(res):
		return "RegistryUpstreamFails"
	case p.role != "front":
		return "RegistryBackendDown"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	case failsForContent(res):
		return "RegistryContentBad"
	}
	return "RegistryPullFails"
}

// toUsAlone are reasons that say nothing of what others get, at whatever step: a redirect that the configuration does not
// let us follow, and a limit of requests: the access log says whether it refuses others, too.
var toUsAlone = []string{source.ReasonRedirectRefused, source.ReasonRateLimited}

// isOurs says whether each image that fails does so at its login for a reason that is ours to mend, or for one that is to us
// alone. A panic has no step.
func (p *puller) isOurs(res source.Result) bool {
	for _, done := range res.Steps() {
		isLogin := strings.HasSuffix(done.Name, " "+stepAuth)
		if done.Err != nil && !slices.Contains(toUsAlone, source.Reason(done.Err)) && !(isLogin && res.IsOurs(done.Err)) {
			return false
		}
	}
	why := source.Reason(res.Err)
	return failsAtAStep(res) || slices.Contains(toUsAlone, why) || res.IsOurs(res.Err) && why != source.ReasonNotFound
}

// isServedByTagAlone says whether the tag is answered, and the digest that it names is not.
func isServedByTagAlone(res source.Result) bool {
	var t tagAloneError
	return errors.As(res.Err, &t)
}

// isRefusedByNodes says whether the pull failed for a part that is right, and that nodes refuse.
func isRefusedByNodes(res source.Result) bool {
	var n nodesRefuseError
	return errors.As(res.Err, &n)
}

// failsAtAStep says whether a step of the last run failed.
func failsAtAStep(res source.Result) bool {
	return slices.ContainsFunc(res.Steps(), func(done source.Step) bool { return done.Err != nil })
}

// failsForContent says whether the pull failed for content and a bad blob is known, while others were well.
func failsForContent(res source.Result) bool {
	return isContent(res.Err) && len(res.All(pullContentBad)) > 0
}

// absentFindings warn of each image of which manifests of other platforms never were there.
func absentFindings(res source.Result) []source.Finding {
	var found []source.Finding
	for _, s := range res.All(pullPlatformsAbsent) {
		if s.Value > 0 {
			found = append(found, source.Finding{
				State: source.StateWarning, Alert: "RegistryPlatformsMissing", Try: `skopeo inspect --raw docker://` + s.Label("image"),
				What: fmt.Sprintf("the index of %s names %s for other platforms, not there when first asked for, nor since: only some platforms were copied, or the others were lost before", s.Label("image"), source.Plural(int(s.Value), "image", "images")),
			})
		}
	}
	return found
}
