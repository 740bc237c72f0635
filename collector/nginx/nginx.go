package nginx

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	connectionsActive = source.Gauge("registry_nginx_connections_active",
		"Open client connections, the asking one too (stub_status: Active connections).", "endpoint")
	connectionsByState = source.Gauge("registry_nginx_connections",
		"Open client connections by state: reading, writing or waiting (stub_status).", "endpoint", "state")
	connectionsAccepted = source.Counter("registry_nginx_connections_accepted_total",
		"Accepted client connections (stub_status: accepts).", "endpoint")
	connectionsHandled = source.Counter("registry_nginx_connections_handled_total",
		"Handled client connections: fewer than accepted when nginx dropped some (stub_status: handled).", "endpoint")
	requestsTotal = source.Counter("registry_nginx_requests_total",
		"Client requests (stub_status: requests).", "endpoint")
)

// Sources are those of the replicas of an MSR, and of the URLs given besides.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	sources, err := b.EachReplica(func(c *ask.Client) *source.Source {
		return newSource(c, c.Plain, "/nginx_status", c.OpenAt("/nginx_status"))
	})
	if err != nil || b.Nginx == nil {
		return sources, err
	}
	more, err := b.EachURL(b.Nginx, "nginx", func(c *ask.Client) *source.Source {
		return newSource(c, c.Login, "", c.At(""))
	})
	return append(sources, more...), err
}

func newSource(c *ask.Client, hc *http.Client, path string, at source.Place) *source.Source {
	return &source.Source{
		Endpoint: c.Endpoint,
		Words:    source.Words{Place: at.Always(), Facts: connectionFacts, Advice: []source.Advice{source.WantsLogin}},
		Read: func(ctx context.Context) ([]source.Sample, error) {
			a, err := c.Get(ctx, hc, path, ask.MaxSmallBody)
			if err != nil {
				return nil, fmt.Errorf("asking for stub_status: %w", a.OrRefusal(err, http.StatusOK))
			}
			if a.Status != http.StatusOK {
				return nil, a.Refusal()
			}
			return parseStubStatus(string(a.Body), c.Endpoint)
		},
	}
}

// stubStatus is what each number of stub_status becomes, by the word that stands with it.
var stubStatus = []struct {
	word   string
	sample func(value float64, endpoint string) source.Sample
}{
	{"Active connections:", func(v float64, e string) source.Sample { return connectionsActive.Sample(v, e) }},
	{"accepts", func(v float64, e string) source.Sample { return connectionsAccepted.Sample(v, e) }},
	{"handled", func(v float64, e string) source.Sample { return connectionsHandled.Sample(v, e) }},
	{"requests", func(v float64, e string) source.Sample { return requestsTotal.Sample(v, e) }},
	{"Reading:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "reading") }},
	{"Writing:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "writing") }},
	{"Waiting:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "waiting") }},
}

// parseStubStatus reads
//
//	Active connections: 1
//	server accepts handled requests
//	 687 687 1726
//	Reading: 0 Writing: 1 Waiting: 0
//
// where some builds have a fourth column. It is all or nothing: the page is one short text.
func parseStubStatus(text, endpoint string) ([]source.Sample, error) {
	rows := strings.Split(strings.TrimSpace(text), "\n")
	if len(rows) != 4 {
		return nil, source.Failed(source.ReasonBadAnswer, "not a stub_status page: %d lines", len(rows))
	}
	active, found := strings.CutPrefix(strings.TrimSpace(rows[0]), "Active connections: ")
	names, numbers := strings.Fields(rows[1]), strings.Fields(rows[2])
	states := strings.Fields(rows[3])
	if !found || len(names) == 0 || names[0] != "server" || len(names)-1 != len(numbers) || len(states) != 6 {
		return nil, source.Failed(source.ReasonBadAnswer, "not a stub_status page")
	}
	values := map[string]string{"Active connections:": active}
	for i, number := range numbers {
		values[names[i+1]] = number
	}
	for i := 0; i < len(states); i += 2 {
		values[states[i]] = states[i+1]
	}
	var samples []source.Sample
	for _, n := range stubStatus {
		value, err := strconv.ParseUint(values[n.word], 10, 63)
		if err != nil {
			return nil, source.Failed(source.ReasonBadAnswer, "stub_status has no number for %s", strings.TrimSuffix(n.word, ":"))
		}
		samples = append(samples, n.sample(float64(value), endpoint))
	}
	return samples, nil
}

func connectionFacts(_ *source.View, res source.Result) []string {
	if n, found := res.Value(connectionsActive); found {
		return []string{source.Plural(int(n), "open connection", "open connections")}
	}
	return nil
}
