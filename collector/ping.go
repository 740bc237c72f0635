package collector

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

var (
	pingHealthy = gauge("registry_msr_ping_healthy",
		"1 if the replica calls itself healthy (GET /_ping: Healthy).", "endpoint")
	pingFailing = gauge("registry_msr_ping_component_failing",
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

func pingSources(b *builder) ([]*source, error) {
	return b.eachReplica(func(c *client) *source {
		return &source{
			endpoint: c.endpoint,
			down:     []sample{pingHealthy.sample(0, c.endpoint)},
			read:     func(ctx context.Context) ([]sample, error) { return readPing(ctx, c) },
			words:    pingWords(c),
		}
	})
}

func readPing(ctx context.Context, c *client) ([]sample, error) {
	a, err := c.get(ctx, c.plain, "/_ping", maxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /_ping: %w", a.orRefusal(err, http.StatusOK))
	}
	healthy, ill, err := parsePing(a.body)
	switch {
	case err != nil && a.status != http.StatusOK:
		return nil, a.refusal()
	case err != nil:
		return nil, fmt.Errorf("reading /_ping: %w", err)
	case healthy && a.status != http.StatusOK:
		return nil, failed(reasonBadAnswer, "status %d from /_ping with Healthy true", a.status)
	}
	samples := []sample{pingHealthy.sample(bool01(healthy), c.endpoint)}
	failing := failingComponents(ill)
	for _, component := range pingComponents {
		samples = append(samples, pingFailing.sample(bool01(!healthy && failing[component]), c.endpoint, component))
	}
	return append(samples, pingFailing.sample(bool01(!healthy && len(failing) == 0), c.endpoint, "other")), nil
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
	if err := fromJSON(body, &said); err != nil {
		return false, "", err
	}
	verdict := cmp.Or(said.Healthy, said.Health)
	if verdict == nil {
		return false, "", failed(reasonBadAnswer, "not an object with Healthy true or false")
	}
	_ = json.Unmarshal(said.Error, &ill) // an Error that is no text names nothing
	return *verdict, ill, nil
}
