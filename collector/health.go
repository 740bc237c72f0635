package collector

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
)

var (
	healthOK = gauge("registry_health_ok",
		"1 if Distribution's debug server answers and no health check fails (GET /debug/health).", "endpoint")
	healthFailing = gauge("registry_health_check_failing",
		"1 for each health check that fails; kind is storagedriver, tcp, http or file (keys of GET /debug/health).",
		"endpoint", "check", "kind").outside("check")
)

func healthSources(b *builder) ([]*source, error) {
	if b.Debug == nil {
		return nil, nil
	}
	return b.eachURL(b.Debug, "debug", func(c *client) *source {
		return &source{
			endpoint: c.endpoint,
			down:     []sample{healthOK.sample(0, c.endpoint)},
			read:     func(ctx context.Context) ([]sample, error) { return readHealth(ctx, c) },
			words:    healthWords(c),
		}
	})
}

func readHealth(ctx context.Context, c *client) ([]sample, error) {
	a, err := c.get(ctx, c.login, "/debug/health", maxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /debug/health: %w", a.orRefusal(err, http.StatusOK))
	}
	if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
		return nil, a.refusal()
	}
	failing, err := failingChecks(a.body, c.endpoint)
	code, _ := registryError(a.body)
	switch {
	case a.status != http.StatusOK && (err != nil || len(failing) == 0 || code != ""): // not the debug server's words
		return nil, a.refusal()
	case err != nil:
		return nil, failed(reasonBadAnswer, "something else than checks from /debug/health: %s", err)
	}
	return append(failing, healthOK.sample(bool01(len(failing) == 0), c.endpoint)), nil
}

// failingChecks reads {"CHECK":"…"}, whatever is said of a check. Checks that look the same once shown count once.
func failingChecks(body []byte, endpoint string) ([]sample, error) {
	var checks map[string]json.RawMessage
	if err := fromJSON(bytes.ToValidUTF8(body, []byte("\uFFFD")), &checks); err != nil {
		return nil, err
	}
	if checks == nil {
		return nil, failed(reasonBadAnswer, "null")
	}
	var failing []sample
	seen := map[uint64]bool{}
	for _, key := range slices.Sorted(maps.Keys(checks)) {
		check, kind := healthCheck(key)
		s := healthFailing.sample(1, endpoint, check, kind)
		if !seen[s.key()] {
			seen[s.key()] = true
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
