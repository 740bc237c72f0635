package collector

import (
	"slices"
	"strings"
)

func (p *puller) words() words {
	return words{
		place: p.place,
		alert: p.alert,
		advice: []advice{
			slowStore,
			{reasons: reasonForbidden, what: "the account is let in, but has no right to {image}", try: tryPull},
			{reasons: reasonNotFound, what: "the registry does not know {image}: it was deleted, or the name is misspelt", try: tryPull},
			{reasons: reasonMissingBlob, what: "{image} is listed, but a part of it is not in the store: push it again, and find out what removed it", try: tryPull},
			shortBlob, damagedBlob,
		},
	}
}

// Rows of advice that pulls and pushes share.
var (
	slowStore   = advice{reasons: reasonTimeout, what: "the registry does not get it done in time: its store is slow or hangs", try: tryRequest}
	shortBlob   = advice{reasons: reasonShortRead, what: "the registry hands out fewer bytes than it announced: its store does not give them, or the layer was cut short", try: tryPull}
	damagedBlob = advice{reasons: reasonDigestMismatch, what: "the bytes are not those of the digest: what is in the store, or in a cache on the way, is damaged", try: tryPull}
)

// place names the image that fails, or else the first.
func (p *puller) place(res result) place {
	at := p.at("/v2/")
	registry := p.url.Host
	if at.connectTo {
		registry = p.endpoint
	}
	at.image = registry + "/" + p.failingImage(res.steps())
	return at
}

func (p *puller) failingImage(steps []step) string {
	for _, done := range steps {
		for _, i := range p.images {
			if done.err != nil && strings.HasPrefix(done.name, i.name+" ") {
				return i.name
			}
		}
	}
	return p.images[0].name
}

func (p *puller) alert(v *view, res result) string {
	switch why := reason(res.err); {
	case isOurs(why) && why != reasonNotFound: // a registry without its store knows no image
		return cannotLook
	case p.role != "front":
		return "RegistryBackendDown"
	case v.passive:
		return "RegistryPassiveSiteProbeFails"
	case confirmsContent(res):
		return "RegistryContentBad"
	}
	return "RegistryPullFails"
}

// confirmsContent says whether content that is bad was so again when it was read later.
func confirmsContent(res result) bool {
	return isContent(res.err) && slices.ContainsFunc(res.all(pullContentBad), func(s sample) bool { return s.label("confirmed") == "true" })
}
