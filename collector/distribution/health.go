// Package distribution reads what Distribution, the registry of Docker, says on its debug server (http.debug in its
// configuration).
//
//	health.go      GET /debug/health: the health checks that fail; health_words.go puts them into words. The collector is "health"
//	debug.go       webhooks, pull-through cache and version; debug_words.go puts them into words. The collector is "debug"
//	exposition.go  reads /metrics, of Distribution 3
//	vars.go        reads /debug/vars, of 2.8, or where /metrics is not served
//
// For example, the answer of 10.0.0.1:5001
//
//	503 Service Unavailable
//	{"storagedriver_swift": "swift: Timeout expired", "10.0.0.9:6379": "connection to 10.0.0.9:6379 failed"}
//
// has a key for each check that fails, and becomes
//
//	registry_health_ok{address="10.0.0.1:5001"} 0
//	registry_health_check_failing{address="10.0.0.1:5001",check="storagedriver_swift",kind="storagedriver"} 1
//	registry_health_check_failing{address="10.0.0.1:5001",check="10.0.0.9:6379",kind="tcp"} 1
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
		"1 if Distribution's debug server answers and no health check fails (GET /debug/health).", "address")
	healthFailing = source.Gauge("registry_health_check_failing",
		"1 for each health check that fails; kind is storagedriver, tcp, http or file (keys of GET /debug/health).",
		"address", "check", "kind").Outside("check")
)

// Sources makes a source of each debug server (debug.urls), and none for a registry without debug. An error names the key
// of the configuration that is wrong, such as a ca_file that is missing.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Debug == nil {
		return nil, nil
	}
	return b.EachURL(b.Debug, "debug", func(c *ask.Client) *source.Source {
		return &source.Source{
			Address: c.Address,
			Down:    []source.Sample{healthOK.Sample(0, c.Address)},
			Read:    func(ctx context.Context) ([]source.Sample, error) { return readHealth(ctx, c) },
			Words:   healthWords(c),
		}
	})
}

// readHealth asks a debug server, which answers 200 when no check fails and 503 when one does. A 503 of anything else, such as
// a proxy or the registry itself, is an error.
func readHealth(ctx context.Context, c *ask.Client) ([]source.Sample, error) {
	a, err := c.Get(ctx, c.Login, "/debug/health", ask.MaxSmallBody)
	if err != nil {
		return nil, fmt.Errorf("asking /debug/health: %w", a.OrRefusal(err, http.StatusOK))
	}
	if a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable {
		return nil, a.Refusal()
	}
	failing, err := failingChecks(a.Body, c.Address)
	code, _ := ask.RegistryError(a.Body)
	switch {
	case a.Status != http.StatusOK && (err != nil || len(failing) == 0 || code != ""):
		return nil, a.Refusal()
	case err != nil:
		return nil, source.Failed(source.ReasonBadAnswer, "something else than checks from /debug/health: %s", err)
	}
	return append(failing, healthOK.Sample(source.Bool01(len(failing) == 0), c.Address)), nil
}

// failingChecks reads {"CHECK":"…"}, and returns a sample for each check. Checks with the same labels, such as two URLs that
// differ in their queries, have one sample. An error has the reason bad_answer.
func failingChecks(body []byte, address string) ([]source.Sample, error) {
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
		s := healthFailing.Sample(1, address, check, kind)
		if !seen[s.Key()] {
			seen[s.Key()] = true
			failing = append(failing, s)
		}
	}
	return failing, nil
}

// healthCheck returns the labels of a check. A URL loses its user, password, query and fragment:
//
//	storagedriver_swift                         storagedriver_swift                 storagedriver
//	https://mon:secret@store.example.org/?t=1   https://store.example.org/          http
//	10.0.0.9:6379                               10.0.0.9:6379                       tcp
//	/etc/registry/maintenance                   /etc/registry/maintenance           file
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
