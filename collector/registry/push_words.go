package registry

import (
	"slices"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// writeAdvice are the rows of advice that pushes and replication share.
var writeAdvice = []source.Advice{
	slowStore, tokenRefused, wantsNoLogin,
	{Reasons: source.ReasonForbidden, When: func(res source.Result) bool { return failsAtAStep(res) && !isOursToPush(res) }, What: refusesLater, Try: source.TryPull},
	{Reasons: source.ReasonForbidden, What: "the account is let in, but has no right to {image}", Try: source.TryPull},
	{Reasons: source.ReasonNotFound, What: "the registry does not know {image}: the repository has to be made first, or the name is misspelt", Try: source.TryRequest},
	shortBlob, damagedBlob,
	{Reasons: source.ReasonUploadLost, What: "an upload that was begun is not known a moment later: backends without the same http secret or the same store, and a front that alternates between them", Try: source.TryRequest},
	{Reasons: source.ReasonReadOnly, What: "the registry is read-only: a garbage collection runs, or somebody set it", Try: source.TryRequest},
	{Reasons: source.ReasonNoSpace, What: "the store is full: nothing can be pushed until space is made", Try: "df -h   # on the servers of the store"},
}

// words are what the report says of the collector push.
func (p *push) words() source.Words {
	return source.Words{
		Place: writesTo(p.Account, p.Repository).Always(),
		Alert: p.alert,
		Advice: append([]source.Advice{
			{
				Reasons: source.ReasonForbidden, When: func(res source.Result) bool { return res.FailedAt("cancel") }, Try: source.TryRequest,
				What: "the account may push, but not take back what it began, so each push would leave an upload behind: give it the right to delete, or set mode: image",
			},
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

// isOursToPush says whether a push fails for a reason that is ours to mend: at its login, or since there is no such
// repository. A panic has no step.
func isOursToPush(res source.Result) bool {
	for _, done := range res.Steps() {
		if why := source.Reason(done.Err); done.Err != nil {
			beginning := done.Name == "start" || done.Name == "blobs"
			return source.IsOurs(why) && slices.Contains(oursToPush, done.Name) || why == source.ReasonNotFound && beginning
		}
	}
	return source.IsOurs(source.Reason(res.Err))
}

// readOnlyAlert is the name of the alert about a registry that refuses writes. An MSR has one of its own.
func readOnlyAlert(b *ask.Builder) string {
	if b.MSR != nil {
		return "MSRReadOnly"
	}
	return "RegistryReadOnly"
}
