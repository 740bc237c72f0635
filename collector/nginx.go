package collector

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

var (
	nginxActive = gauge("registry_nginx_connections_active",
		"Open client connections, the asking one too (stub_status: Active connections).", "endpoint")
	nginxConnections = gauge("registry_nginx_connections",
		"Open client connections by state: reading, writing or waiting (stub_status).", "endpoint", "state")
	nginxAccepted = counter("registry_nginx_connections_accepted_total",
		"Accepted client connections (stub_status: accepts).", "endpoint")
	nginxHandled = counter("registry_nginx_connections_handled_total",
		"Handled client connections: fewer than accepted when nginx dropped some (stub_status: handled).", "endpoint")
	nginxRequests = counter("registry_nginx_requests_total",
		"Client requests (stub_status: requests).", "endpoint")
)

// nginxSources are those of the replicas of an MSR, and of the URLs given besides.
func nginxSources(b *builder) ([]*source, error) {
	sources, err := b.eachReplica(func(c *client) *source {
		return nginxSource(c, c.plain, "/nginx_status", c.openAt("/nginx_status"))
	})
	if err != nil || b.Nginx == nil {
		return sources, err
	}
	more, err := b.eachURL(b.Nginx, "nginx", func(c *client) *source {
		return nginxSource(c, c.login, "", c.at(""))
	})
	return append(sources, more...), err
}

func nginxSource(c *client, hc *http.Client, path string, at place) *source {
	return &source{
		endpoint: c.endpoint,
		words:    words{place: at.always(), facts: nginxFacts, advice: []advice{wantsLogin}},
		read: func(ctx context.Context) ([]sample, error) {
			a, err := c.get(ctx, hc, path, maxSmallBody)
			if err != nil {
				return nil, fmt.Errorf("asking for stub_status: %w", a.orRefusal(err, http.StatusOK))
			}
			if a.status != http.StatusOK {
				return nil, a.refusal()
			}
			return parseStubStatus(string(a.body), c.endpoint)
		},
	}
}

// stubStatus is what each number of stub_status becomes, by the word that stands with it.
var stubStatus = []struct {
	word   string
	sample func(value float64, endpoint string) sample
}{
	{"Active connections:", func(v float64, e string) sample { return nginxActive.sample(v, e) }},
	{"accepts", func(v float64, e string) sample { return nginxAccepted.sample(v, e) }},
	{"handled", func(v float64, e string) sample { return nginxHandled.sample(v, e) }},
	{"requests", func(v float64, e string) sample { return nginxRequests.sample(v, e) }},
	{"Reading:", func(v float64, e string) sample { return nginxConnections.sample(v, e, "reading") }},
	{"Writing:", func(v float64, e string) sample { return nginxConnections.sample(v, e, "writing") }},
	{"Waiting:", func(v float64, e string) sample { return nginxConnections.sample(v, e, "waiting") }},
}

// parseStubStatus reads
//
//	Active connections: 1
//	server accepts handled requests
//	 687 687 1726
//	Reading: 0 Writing: 1 Waiting: 0
//
// where some builds have a fourth column. It is all or nothing: the page is one short text.
func parseStubStatus(text, endpoint string) ([]sample, error) {
	rows := strings.Split(strings.TrimSpace(text), "\n")
	if len(rows) != 4 {
		return nil, failed(reasonBadAnswer, "not a stub_status page: %d lines", len(rows))
	}
	active, found := strings.CutPrefix(strings.TrimSpace(rows[0]), "Active connections: ")
	names, numbers := strings.Fields(rows[1]), strings.Fields(rows[2])
	states := strings.Fields(rows[3])
	if !found || len(names) == 0 || names[0] != "server" || len(names)-1 != len(numbers) || len(states) != 6 {
		return nil, failed(reasonBadAnswer, "not a stub_status page")
	}
	values := map[string]string{"Active connections:": active}
	for i, number := range numbers {
		values[names[i+1]] = number
	}
	for i := 0; i < len(states); i += 2 {
		values[states[i]] = states[i+1]
	}
	var samples []sample
	for _, n := range stubStatus {
		value, err := strconv.ParseUint(values[n.word], 10, 63)
		if err != nil {
			return nil, failed(reasonBadAnswer, "stub_status has no number for %s", strings.TrimSuffix(n.word, ":"))
		}
		samples = append(samples, n.sample(float64(value), endpoint))
	}
	return samples, nil
}

func nginxFacts(_ *view, res result) []string {
	if n, found := res.value(nginxActive); found {
		return []string{plural(int(n), "open connection", "open connections")}
	}
	return nil
}
