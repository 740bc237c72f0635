package msr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	pingHealthy = source.Gauge("registry_msr_ping_healthy",
		"1 if the replica calls itself healthy (GET /_ping: Healthy).", "endpoint")
	pingFailing = source.Gauge("registry_msr_ping_component_failing",
		"1 if the replica names this part as ill: registry, auth, metadata, trust or other (GET /_ping: Error).",
		"endpoint", "component")
)

var pingComponents = []string{"registry", "auth", "metadata", "trust"}

// componentOfWord is the component that a word of the answer stands for.
var componentOfWord = map[string]string{
	"registry": "registry",
	"garant":   "auth", "authorization": "auth", "authentication": "auth", "auth": "auth",
	"rethinkdb": "metadata",
	"notary":    "trust", "notary-server": "trust", "notary-signer": "trust",
}

// container finds the containers of a replica, such as dtr-registry-f2277ad178f7.
var container = regexp.MustCompile(`(?:^|[^\w.-])dtr-(registry|garant|rethinkdb|notary)-`)

func PingSources(b *ask.Builder) ([]*source.Source, error) {
	return b.EachReplica(func(c *ask.Client) *source.Source {
		return &source.Source{
			Endpoint: c.Endpoint,
			Down:     []source.Sample{pingHealthy.Sample(0, c.Endpoint)},
			Read:     func(ctx context.Context) ([]source.Sample, error) { return readPing(ctx, c) },
			Words:    pingWords(c),
		}
	})
}

func readPing(ctx context.Context, c *ask.Client) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Plain, "/_ping", ask.MaxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /_ping: %w", a.OrRefusal(err, http.StatusOK))
	}
	healthy, ill, err := parsePing(a.Body)
	switch {
	case err != nil && a.Status != http.StatusOK:
		return nil, a.Refusal()
	case err != nil:
		return nil, fmt.Errorf("reading /_ping: %w", err)
	case healthy && a.Status != http.StatusOK:
		return nil, source.Failed(source.ReasonBadAnswer, "status %d from /_ping with Healthy true", a.Status)
	}
	samples := []source.Sample{pingHealthy.Sample(source.Bool01(healthy), c.Endpoint)}
	failing := failingComponents(ill)
	for _, component := range pingComponents {
		samples = append(samples, pingFailing.Sample(source.Bool01(!healthy && failing[component]), c.Endpoint, component))
	}
	return append(samples, pingFailing.Sample(source.Bool01(!healthy && len(failing) == 0), c.Endpoint, "other")), nil
}

// failingComponents are those that a text names. In each of its clauses the container counts; where there is
// none, whole words do: "auth" is not in "unknown authority", nor "registry" in registry.example.org.
func failingComponents(text string) map[string]bool {
	failing := map[string]bool{}
	for clause := range strings.SplitSeq(strings.ToLower(text), ";") {
		containers := container.FindAllStringSubmatch(clause, -1)
		for _, c := range containers {
			failing[componentOfWord[c[1]]] = true
		}
		if containers != nil {
			continue
		}
		for word := range strings.FieldsSeq(clause) {
			if component, known := componentOfWord[strings.Trim(word, ".,:!?()[]'\"`")]; known {
				failing[component] = true
			}
		}
	}
	return failing
}

// parsePing reads {"Error":"…","Healthy":true}; the case of the keys has changed over time.
func parsePing(body []byte) (healthy bool, ill string, err error) {
	var said struct {
		Healthy, Health *bool // Health is how it was called on /health
		Error           json.RawMessage
	}
	if err := ask.FromJSON(body, &said); err != nil {
		return false, "", err
	}
	verdict := cmp.Or(said.Healthy, said.Health)
	if verdict == nil {
		return false, "", source.Failed(source.ReasonBadAnswer, "not an object with Healthy true or false")
	}
	_ = json.Unmarshal(said.Error, &ill) // an Error that is no text names nothing
	return *verdict, ill, nil
}
