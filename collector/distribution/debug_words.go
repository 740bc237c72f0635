package distribution

import (
	"fmt"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// debugWords returns the facts, findings and advice about what a debug server counts.
func debugWords(c *ask.Client) source.Words {
	return source.Words{Place: c.At("/metrics").Always(), Facts: debugFacts, Findings: debugFindings, Advice: []source.Advice{source.WantsLogin}}
}

// debugFacts returns facts such as "Distribution 3", "2 webhooks" and "80 events wait for gone".
func debugFacts(_ *source.View, res source.Result) []string {
	if len(res.Samples) == 0 && res.Err == nil {
		return []string{"tells nothing of webhooks: it serves neither /metrics nor /debug/vars to us"}
	}
	var facts []string
	for _, s := range res.All(distributionInfo) {
		facts = append(facts, "Distribution "+s.Label("version"))
	}
	webhooks := res.All(webhookPending)
	if len(webhooks) > 0 {
		facts = append(facts, source.Plural(len(webhooks), "webhook", "webhooks"))
	}
	for i, s := range webhooks {
		if s.Value > 0 && i < source.MaxNamed {
			facts = append(facts, waiting(s))
		}
	}
	for _, hits := range res.All(pullThroughHits) {
		for _, misses := range res.All(pullThroughMisses) {
			if all := hits.Value + misses.Value; all > 0 && hits.Label("kind") == misses.Label("kind") {
				facts = append(facts, fmt.Sprintf("%.0f %% of the requests for %ss from the cache", 100*hits.Value/all, hits.Label("kind")))
			}
		}
	}
	return facts
}

// waiting is a text such as "80 events wait for gone".
func waiting(s source.Sample) string {
	return source.Plural(int(min(s.Value, 1<<50)), "event waits for ", "events wait for ") + s.Label("webhook")
}

// debugFindings returns a finding for each webhook with more events than those of a moment.
func debugFindings(_ *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	for _, s := range res.All(webhookPending) {
		alert := "RegistryWebhookBehind"
		switch {
		case s.Value <= source.WebhookPending:
			continue
		case s.Value > source.WebhookManyPending:
			alert = "RegistryWebhookFarBehind"
		}
		found = append(found, source.Finding{
			State: source.StateWarning, Alert: alert,
			What: waiting(s) + ", and are lost when the registry restarts: the webhook cannot be reached, refuses them, or is slow",
			Try:  res.Place().Fill("journalctl -u docker-registry -n 200 | grep retryingsink   # on {host}"),
		})
	}
	return found
}
