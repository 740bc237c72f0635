package registry

import (
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// words are what the report says of the collector pull.
func (p *puller) words() source.Words {
	return source.Words{
		Place: p.place,
		Alert: p.alert,
		Advice: []source.Advice{
			slowStore,
			{Reasons: source.ReasonForbidden, What: "the account is let in, but has no right to {image}", Try: source.TryPull},
			{Reasons: source.ReasonNotFound, What: "the registry does not know {image}: it was deleted, or the name is misspelt", Try: source.TryPull},
			{Reasons: source.ReasonMissingBlob, What: "{image} is listed, but a part of it is not in the store: push it again, and find out what removed it", Try: source.TryPull},
			shortBlob, damagedBlob,
		},
	}
}

// These rows of advice are those that pulls and pushes share.
var (
	slowStore   = source.Advice{Reasons: source.ReasonTimeout, What: "the registry does not get it done in time: its store is slow or hangs", Try: source.TryRequest}
	shortBlob   = source.Advice{Reasons: source.ReasonShortRead, What: "the registry hands out fewer bytes than it announced: its store does not give them, or the layer was cut short", Try: source.TryPull}
	damagedBlob = source.Advice{Reasons: source.ReasonDigestMismatch, What: "the bytes are not those of the digest: what is in the store, or in a cache on the way, is damaged", Try: source.TryPull}
)

// place is the place that commands of the report name. {image} is the image that fails, or else the first.
func (p *puller) place(res source.Result) source.Place {
	at := p.At("/v2/")
	registry := p.URL.Host
	if at.ConnectTo {
		registry = p.Endpoint
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
	switch why := source.Reason(res.Err); {
	case source.IsOurs(why) && why != source.ReasonNotFound: // it answers not_found for every image when its store is gone
		return source.CannotLook
	case p.role != "front":
		return "RegistryBackendDown"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	case confirmsContent(res):
		return "RegistryContentBad"
	}
	return "RegistryPullFails"
}

// confirmsContent says whether the pull failed for content and a bad blob is confirmed.
func confirmsContent(res source.Result) bool {
	return isContent(res.Err) && slices.ContainsFunc(res.All(pullContentBad), func(s source.Sample) bool { return s.Label("confirmed") == "true" })
}
