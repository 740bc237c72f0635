package distribution

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	healthOK = source.Gauge("registry_health_ok",
		"1 if Distribution's debug server answers and no health check fails (GET /debug/health).", "endpoint")
	healthFailing = source.Gauge("registry_health_check_failing",
		"1 for each health check that fails; kind is storagedriver, tcp, http or file (keys of GET /debug/health).",
		"endpoint", "check", "kind").Outside("check")
)

func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Debug == nil {
		return nil, nil
	}
	return b.EachURL(b.Debug, "debug", func(c *ask.Client) *source.Source {
		return &source.Source{
			Endpoint: c.Endpoint,
			Down:     []source.Sample{healthOK.Sample(0, c.Endpoint)},
			Read:     func(ctx context.Context) ([]source.Sample, error) { return readHealth(ctx, c) },
			Words:    healthWords(c),
		}
	})
}

func readHealth(ctx context.Context, c *ask.Client) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Login, "/debug/health", ask.MaxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /debug/health: %w", a.OrRefusal(err, http.StatusOK))
	}
	if a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable {
		return nil, a.Refusal()
	}
	failing, err := failingChecks(a.Body, c.Endpoint)
	code, _ := ask.RegistryError(a.Body)
	switch {
	case a.Status != http.StatusOK && (err != nil || len(failing) == 0 || code != ""): // not the debug server's words
		return nil, a.Refusal()
	case err != nil:
		return nil, source.Failed(source.ReasonBadAnswer, "something else than checks from /debug/health: %s", err)
	}
	return append(failing, healthOK.Sample(source.Bool01(len(failing) == 0), c.Endpoint)), nil
}

// failingChecks reads {"CHECK":"…"}, whatever is said of a check. Checks that look the same once shown count once.
func failingChecks(body []byte, endpoint string) ([]source.Sample, error) {
	var checks map[string]json.RawMessage
	if err := ask.FromJSON(bytes.ToValidUTF8(body, []byte("\uFFFD")), &checks); err != nil {
		return nil, err
	}
	if checks == nil {
		return nil, source.Failed(source.ReasonBadAnswer, "null")
	}
	var failing []source.Sample
	seen := map[uint64]bool{}
	for _, key := range slices.Sorted(maps.Keys(checks)) {
		check, kind := healthCheck(key)
		s := healthFailing.Sample(1, endpoint, check, kind)
		if !seen[s.Key()] {
			seen[s.Key()] = true
			failing = append(failing, s)
		}
	}
	return failing, nil
}

// healthCheck is the name and kind of a check. A URL is shown without what may be secret in it.
func healthCheck(key string) (check, kind string) {
	if strings.HasPrefix(key, "storagedriver_") {
		return key, "storagedriver"
	}
	if strings.Contains(key, "://") {
		u, err := url.Parse(key)
		if err != nil {
			return "a URL", "http"
		}
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), "http"
	}
	if _, port, err := net.SplitHostPort(key); err == nil && port != "" && !strings.Contains(key, "/") {
		return key, "tcp"
	}
	return key, "file"
}
