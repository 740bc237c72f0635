package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

var (
	pingHealthy = gauge("registry_msr_ping_healthy",
		"1 if the replica calls itself healthy (GET /_ping: Healthy).", "endpoint")
	pingFailing = gauge("registry_msr_ping_component_failing",
		"1 if the replica names this part as ill: registry, auth, metadata, trust or other (GET /_ping: Error).",
		"endpoint", "component")
)

// pingComponents are the parts of a replica and the words that name them.
var pingComponents = []struct {
	name  string
	words []string
}{
	{"registry", []string{"registry"}},
	{"auth", []string{"garant", "auth"}},
	{"metadata", []string{"rethink"}},
	{"trust", []string{"notary"}},
}

func pingSources(b *builder) ([]*source, error) {
	return b.eachReplica(func(c *client) *source {
		return &source{
			endpoint: c.endpoint,
			down:     []sample{pingHealthy.sample(0, c.endpoint)},
			read:     func(ctx context.Context) ([]sample, error) { return readPing(ctx, c) },
		}
	})
}

// eachReplica makes a source of every replica of an MSR.
func (b *builder) eachReplica(make func(*client) *source) ([]*source, error) {
	if b.MSR == nil {
		return nil, nil
	}
	var sources []*source
	for _, u := range b.MSR.Replicas {
		c, err := newClient(b, b.MSR.HTTP, u, b.URL, "msr", "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, make(c))
	}
	return sources, nil
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
	known := false
	for _, part := range pingComponents {
		failing := !healthy && containsAny([]byte(strings.ToLower(ill)), part.words...)
		known = known || failing
		samples = append(samples, pingFailing.sample(bool01(failing), c.endpoint, part.name))
	}
	return append(samples, pingFailing.sample(bool01(!healthy && !known), c.endpoint, "other")), nil
}

// parsePing reads {"Error":"…","Healthy":true}; the case of the keys has changed over time.
func parsePing(body []byte) (healthy bool, ill string, err error) {
	said := false
	d := decoder{data: body}
	err = d.object(func(key []byte) (err error) {
		switch strings.ToLower(string(key)) {
		case "healthy", "health": // Health is how it was called on /health
			healthy, err = d.boolean()
			said = err == nil
			return err
		case "error":
			return d.tolerate(func() (err error) { ill, err = d.text(); return err })
		}
		return d.skip()
	})
	if err == nil {
		err = d.following()
	}
	switch {
	case errors.Is(err, errShape):
		return false, "", failed(reasonBadAnswer, "not an object with Healthy true or false")
	case err != nil:
		return false, "", err
	case !said:
		return false, "", failed(reasonBadAnswer, "no key Healthy")
	}
	return healthy, ill, nil
}
