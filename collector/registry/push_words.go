package registry

import (
	"errors"
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// writeAdvice are the rows of advice that pushes and replication share.
var writeAdvice = []source.Advice{
	{
		When: wentElsewhere, Try: source.TryRequest,
		What: "{address} tells clients to go on with an upload at another scheme, host or port, and they do: let the front send X-Forwarded-Proto and Host to the registry, or set http.host or http.relativeurls there",
	},
	slowStore, tokenRefused, tokenEnded, oddLogin, wantsNoLogin,
	{Reasons: source.ReasonForbidden, When: func(res source.Result) bool { return failsAtAStep(res) && !isOursToPush(res) }, What: refusesLater, Try: source.TryPull},
	methodRefused,
	{Reasons: source.ReasonForbidden, What: "the account is let in, but has no right to {image}", Try: source.TryPull},
	{Reasons: source.ReasonNotFound, What: "the registry does not know {image}: the repository has to be made first, or the name is misspelt", Try: source.TryRequest},
	shortBlob, damagedBlob,
	{
		Reasons: source.ReasonWriteLost, When: func(res source.Result) bool { return res.FailedAt("blobs") }, Try: "df -h   # on the servers of the store",
		What: "the registry took all bytes, and finds others in its store: the disk is full or broken, whatever the registry says of the digest",
	},
	{
		Reasons: source.ReasonWriteLost, Try: source.TryPull,
		What: "what the registry accepted is not there a moment later: flush its Redis after a garbage collection, which leaves what is gone in that cache; or two backends behind one front have not the same store",
	},
	{
		Reasons: source.ReasonBodyTooLarge, Try: "nginx -T | grep client_max_body_size   # on the front",
		What: "the front limits how large a body may be, and takes no real layer: nginx wants client_max_body_size 0, other proxies have a limit of the same kind",
	},
	{
		Reasons: source.ReasonPolicy, Try: source.TryRequest,
		What: "a rule of the registry keeps the tag in {image} as it is: exempt that repository from tag immutability and the like, or let the account overwrite it (Artifactory), since the exporter writes the same tag again and again",
	},
	{Reasons: source.ReasonUploadLost, What: "an upload that was begun is not known a moment later: backends without the same http secret or the same store, and a front that alternates between them", Try: source.TryRequest},
	{Reasons: source.ReasonReadOnly, What: "the registry is read-only: a garbage collection runs, or somebody set it", Try: source.TryRequest},
	{Reasons: source.ReasonNoSpace, What: "the store is full, or a quota is reached: nothing can be pushed there until space is made", Try: "df -h   # on the servers of the store"},
}

// wentElsewhere says whether an upload had to go on at another place than the front, and failed there.
func wentElsewhere(res source.Result) bool {
	var elsewhere client.ElsewhereError
	return errors.As(res.Err, &elsewhere)
}

// words are what the report says of the collector push.
func (p *push) words() source.Words {
	return source.Words{
		Place: writesTo(p.Account, p.Repository).Always(),
		Alert: p.alert, AsClient: true,
		Advice: append([]source.Advice{
			{Reasons: source.ReasonWriteAccepted, What: "this site is passive, and took a write all the same: what is pushed here is lost or overwritten by replication", Try: source.TryRequest},
		}, writeAdvice...),
	}
}

// writesTo is the place that commands of the report name: the account at /v2/, and the repository as {image}.
func writesTo(a *ask.Account, repository string) source.Place {
	p := a.At("/v2/")
	p.Image = a.URL.Host + "/" + repository
	return p
}

// alert is the name of the alert about a failed push.
func (p *push) alert(v *source.View, res source.Result) string {
	switch why := source.Reason(res.Err); {
	case isOursToPush(res):
		return source.CannotLook
	case why == source.ReasonReadOnly:
		return p.readOnlyAlert
	case why == source.ReasonWriteAccepted:
		return "RegistryPassiveSiteTakesWrites"
	case v.Passive:
		return "RegistryPassiveSiteProbeFails"
	}
	return "RegistryPushFails"
}

// oursToPush are the steps whose refusal may be about our account alone: the login, and those with which no client follows
// a push.
var oursToPush = []string{stepAuth, "cancel", "delete"}

// isOursToPush says whether a push fails for a reason that is ours to mend: at its login, since there is no such
// repository, by a rule for the tag, or for a reason that is to us alone. A panic has no step.
func isOursToPush(res source.Result) bool {
	for _, done := range res.Steps() {
		if done.Err != nil {
			return isOursAt(res, done)
		}
	}
	return res.IsOurs(res.Err) || slices.Contains(toUsAlone, source.Reason(res.Err))
}

// isOursAt is isOursToPush for the step that failed.
func isOursAt(res source.Result, failed source.Step) bool {
	switch why := source.Reason(failed.Err); {
	case why == source.ReasonPolicy, slices.Contains(toUsAlone, why):
		return true
	case why == source.ReasonNotFound && (failed.Name == "start" || failed.Name == "blobs"):
		return !res.WorkedBefore
	}
	return res.IsOurs(failed.Err) && slices.Contains(oursToPush, failed.Name)
}

// readOnlyAlert is the name of the alert about a registry that refuses writes. An MSR has one of its own.
func readOnlyAlert(b *ask.Builder) string {
	if b.MSR != nil {
		return "MSRReadOnly"
	}
	return "RegistryReadOnly"
}
