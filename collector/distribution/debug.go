package distribution

import (
	"context"
	"fmt"
	"math"
	"net/http"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	distributionInfo = source.Gauge("registry_distribution_info",
		"1; version is the major version of Distribution, by what its debug server serves (3: /metrics has registry_proxy_…; 2: /debug/vars has registry.cache).",
		"address", "version").Outside("version")
	webhookPending = source.Gauge("registry_webhook_pending",
		"Events that wait for a webhook, in the memory of the registry (/debug/vars: Pending; /metrics: registry_notifications_pending_total).",
		"address", "webhook").Outside("webhook")
	webhookFailures = source.Counter("registry_webhook_failures_total",
		"Events that a webhook refused: it answered neither 2xx nor 3xx (/debug/vars: Failures; /metrics: registry_notifications_events_total).",
		"address", "webhook").Outside("webhook")
	webhookErrors = source.Counter("registry_webhook_errors_total",
		"Tries at which a webhook could not be reached (/debug/vars: Errors; /metrics: registry_notifications_events_total).",
		"address", "webhook").Outside("webhook")
	pullThroughHits = source.Counter("registry_pull_through_hits_total",
		"Requests for blobs and manifests (kind) that a pull-through cache answered from its store; of Distribution 3 alone, since 2.8 counts every request as a hit.",
		"address", "kind")
	pullThroughMisses = source.Counter("registry_pull_through_misses_total",
		"Requests for blobs and manifests (kind) that a pull-through cache passed on to its upstream; of Distribution 3 alone.",
		"address", "kind")
)

// maxWebhooks bounds the webhooks that are shown, each with three samples.
const maxWebhooks = 100

// DebugSources makes another source of each debug server (debug.urls): webhooks, pull-through cache and version. It makes none
// for a registry without debug. An error names the key of the configuration that is wrong.
func DebugSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Debug == nil {
		return nil, nil
	}
	return b.EachURL(b.Debug, "debug", func(c *ask.Client) *source.Source {
		return &source.Source{
			Address: c.Address,
			Read:    func(ctx context.Context) ([]source.Sample, error) { return readDebug(ctx, c) },
			Words:   debugWords(c),
		}
	})
}

// readDebug asks for /metrics, which holds no secrets. Distribution 2.8 has no webhooks there, and others do not serve it: only
// then it asks for /debug/vars, which holds passwords beside them. Whoever refuses both, as a proxy that lets only
// /debug/health through, tells nothing, and that is no failure.
func readDebug(ctx context.Context, c *ask.Client) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Login, "/metrics", ask.MaxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking for /metrics: %w", a.OrRefusal(err, http.StatusOK))
	}
	if a.Status == http.StatusOK {
		said, err := fromMetrics(a.Body)
		if err != nil || said.version != "" {
			return said.samples(c.Address), err
		}
	}
	if a, err = c.Get(ctx, c.Login, "/debug/vars", ask.MaxSmallBody); err != nil {
		return nil, fmt.Errorf("asking for /debug/vars: %w", a.OrRefusal(err, http.StatusOK))
	}
	switch a.Status {
	case http.StatusOK:
		said, err := fromVars(a.Body)
		return said.samples(c.Address), err
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return nil, nil
	}
	return nil, a.Refusal()
}

// said is all that is read of a debug server. It has no field for anything else that stands there, such as a password.
type said struct {
	version  string // "2", "3", or empty when nothing tells it
	webhooks []webhook
	lookups  []lookup // of a pull-through cache
}

// A webhook has the numbers of one endpoint of notifications.
type webhook struct {
	name                      string
	pending, failures, errors float64
}

// A lookup has the numbers of one kind of content in a pull-through cache.
type lookup struct {
	kind                   string // blob or manifest
	requests, hits, misses float64
}

// checked returns an error instead of s when a number is negative, or is none. The error names the document.
func (s said) checked(document string) (said, error) {
	var all []float64
	for _, w := range s.webhooks {
		all = append(all, w.pending, w.failures, w.errors)
	}
	for _, l := range s.lookups {
		all = append(all, l.requests, l.hits, l.misses)
	}
	for _, n := range all {
		if !(n >= 0) || math.IsInf(n, 0) {
			return said{}, source.Failed(source.ReasonBadAnswer, "%s counts something below 0, or without a number", document)
		}
	}
	return s, nil
}

// samples leaves out a pull-through cache that was never asked: a registry that is none counts 0, too. It adds up the numbers of two webhooks
// of one name.
func (s said) samples(address string) []source.Sample {
	var all []source.Sample
	if s.version != "" {
		all = append(all, distributionInfo.Sample(1, address, s.version))
	}
	for _, w := range s.merged() {
		all = append(all, webhookPending.Sample(w.pending, address, w.name),
			webhookFailures.Sample(w.failures, address, w.name), webhookErrors.Sample(w.errors, address, w.name))
	}
	for _, l := range s.lookups {
		if l.requests > 0 {
			all = append(all, pullThroughHits.Sample(l.hits, address, l.kind), pullThroughMisses.Sample(l.misses, address, l.kind))
		}
	}
	return all
}

// merged are the first maxWebhooks webhooks, each name once.
func (s said) merged() []webhook {
	var all []webhook
	at := map[string]int{}
	for _, w := range s.webhooks {
		i, known := at[w.name]
		switch {
		case known:
			all[i].pending += w.pending
			all[i].failures += w.failures
			all[i].errors += w.errors
		case len(all) < maxWebhooks:
			at[w.name] = len(all)
			all = append(all, w)
		}
	}
	return all
}
