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
		"1 if the replica calls itself healthy (GET /_ping: Healthy).", "address")
	pingFailing = source.Gauge("registry_msr_ping_component_failing",
		"1 if the replica names this part as ill: registry, auth, metadata, trust or other (GET /_ping: Error).",
		"address", "component")
)

// pingComponents are the values of the label component, besides other.
var pingComponents = []string{"registry", "auth", "metadata", "trust"}

// componentOfWord is the component of a word in Error, or in the name of a container.
var componentOfWord = map[string]string{
	"registry": "registry",
	"garant":   "auth", "authorization": "auth", "authentication": "auth", "auth": "auth",
	"rethinkdb": "metadata",
	"notary":    "trust", "notary-server": "trust", "notary-signer": "trust",
}

// container matches the name of a container, such as dtr-registry-f2277ad178f7; the first group is registry.
var container = regexp.MustCompile(`(?:^|[^\w.-])dtr-(registry|garant|rethinkdb|notary)-`)

// PingSources makes a source of /_ping for each replica (msr.replicas), and none for a registry without msr. An error
// names the key of the configuration that is wrong, such as a ca_file that is missing.
func PingSources(b *ask.Builder) ([]*source.Source, error) {
	return b.EachReplica(func(c *ask.Client) *source.Source {
		return &source.Source{
			Address: c.Address,
			Down:    []source.Sample{pingHealthy.Sample(0, c.Address)},
			Read:    func(ctx context.Context) ([]source.Sample, error) { return readPing(ctx, c) },
			Words:   pingWords(c),
		}
	})
}

// readPing asks a replica. An unhealthy one may answer with any status, as long as it names Healthy.
func readPing(ctx context.Context, c *ask.Client) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Plain, "/_ping", ask.MaxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /_ping: %w", a.OrRefusal(err, http.StatusOK))
	}
	healthy, errorText, err := parsePing(a.Body)
	switch {
	case err != nil && a.Status != http.StatusOK:
		return nil, a.Refusal()
	case err != nil:
		return nil, fmt.Errorf("reading /_ping: %w", err)
	case healthy && a.Status != http.StatusOK:
		return nil, source.Failed(source.ReasonBadAnswer, "status %d from /_ping with Healthy true", a.Status)
	}
	samples := []source.Sample{pingHealthy.Sample(source.Bool01(healthy), c.Address)}
	failing := failingComponents(errorText)
	for _, component := range pingComponents {
		samples = append(samples, pingFailing.Sample(source.Bool01(!healthy && failing[component]), c.Address, component))
	}
	return append(samples, pingFailing.Sample(source.Bool01(!healthy && len(failing) == 0), c.Address, "other")), nil
}

// failingComponents are the components that an Error names. Its clauses end at a semicolon. In a clause with containers
// only these count, in the others whole words:
//
//	dtr-garant-f2277ad178f7: timeout; Notary unhealthy: timeout   auth and trust
//	x509: certificate signed by unknown authority                 none
//	lookup registry.example.org: no such host                     none
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

// parsePing reads {"Error":"…","Healthy":true}. Releases of MSR write the keys in upper or lower case. It returns an error
// with reason bad_answer for a body without Healthy; errorText is empty when Error is missing or not a text.
func parsePing(body []byte) (healthy bool, errorText string, err error) {
	var answer struct {
		Healthy, Health *bool // GET /health of MSR calls it Health
		Error           json.RawMessage
	}
	if err := ask.FromJSON(body, &answer); err != nil {
		return false, "", err
	}
	verdict := cmp.Or(answer.Healthy, answer.Health)
	if verdict == nil {
		return false, "", source.Failed(source.ReasonBadAnswer, "not an object with Healthy true or false")
	}
	_ = json.Unmarshal(answer.Error, &errorText)
	return *verdict, errorText, nil
}
