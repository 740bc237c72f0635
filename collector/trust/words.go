package trust

import (
	"fmt"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// words are the facts, findings and advice about the log. isMSR says that it is that of an MSR, whose events name who deletes.
func words(account *ask.Account, isMSR bool) source.Words {
	return source.Words{
		Place: account.OpenAt(feedPath + "?change_id=-1&records=10").Always(),
		Facts: facts,
		Findings: func(v *source.View, res source.Result) []source.Finding {
			if isMSR {
				return deletions(v, res, "the events of MSR say who did", account.At("/api/v0/events").Request)
			}
			return deletions(v, res, "the logs of Notary and of what is in front of it say who did", res.Place().Request)
		},
		Alert: func(_ *source.View, res source.Result) string {
			if source.IsOurs(source.Reason(res.Err)) {
				return source.CannotLook
			}
			return "RegistryTrustLogFails"
		},
		Advice: []source.Advice{
			{Reasons: source.AnyOf(source.ReasonForbidden, source.ReasonUnauthorized), What: "the account may not read the log of content trust: it is no admin, or the password is wrong. The token server gives a token all the same, and {address} refuses it", Try: source.TryRequest},
			{Reasons: source.ReasonNotFound, What: "{address} serves no log of content trust: there is no Notary behind it, or an old one that has none", Try: source.TryRequest},
			{Reasons: source.AnyOf(source.ReasonServerError, source.ReasonUnavailable), What: "Notary at {address} answers with an error: its database is down, or no longer has the change that was read last", Try: source.TryRequest},
			{Reasons: source.ReasonStateNotSaved, What: "what is counted cannot be saved in --state.dir, so nothing more is counted: the disk is full, or the folder is not the exporter's", Try: "df -h; ls -ld DIR   # DIR: --state.dir of the exporter"},
		},
	}
}

// facts are such as "2 changes counted", "1 deletion" and "the last change was 3 hours ago".
func facts(v *source.View, res source.Result) []string {
	var facts []string
	counted, last := 0, 0.
	for _, s := range res.All(changesTotal) {
		counted += int(s.Value)
	}
	for _, s := range res.All(lastChange) {
		last = max(last, s.Value)
	}
	if len(res.All(changesTotal)) > 0 {
		facts = append(facts, source.Plural(counted, "change", "changes")+" counted")
	}
	if last > 0 {
		facts = append(facts, "the last one "+source.Span(v.Now.Sub(source.UnixTime(last)))+" ago")
	}
	if lost, _ := res.Value(cursorLost); lost > 0 {
		facts = append(facts, "its place in the log was lost "+source.Plural(int(lost), "time", "times")+": changes were missed")
	}
	return facts
}

// deletions warn of the repositories whose trust data was deleted. who says where to look who did it, and try is the command for that.
func deletions(v *source.View, res source.Result, who, try string) []source.Finding {
	var repositories []string
	for _, s := range res.All(deletionTime) {
		repositories = append(repositories, fmt.Sprintf("%s (%s ago)", s.Label("repository"), source.Span(v.Now.Sub(source.UnixTime(s.Value)))))
	}
	if len(repositories) == 0 {
		return nil
	}
	return []source.Finding{{
		State: source.StateWarning, Alert: "RegistryTrustDataDeleted", Try: try,
		What: "trust data was deleted: " + source.FirstFew(repositories) + "; " + who,
	}}
}
