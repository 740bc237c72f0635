// Package nginx reads the connections and requests of an nginx from its page stub_status. It asks each replica of an MSR
// for /nginx_status, without an account, and each of the URLs in nginx.urls. The collector is "nginx".
//
// For example, the page
//
//	Active connections: 1
//	server accepts handled requests
//	 687 687 1726
//	Reading: 0 Writing: 1 Waiting: 0
//
// becomes, among others,
//
//	registry_nginx_connections{address="10.0.0.1:443",state="writing"} 1
//	registry_nginx_requests_total{address="10.0.0.1:443"} 1726
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
		"Open client connections, the asking one too (stub_status: Active connections).", "address")
	connectionsByState = source.Gauge("registry_nginx_connections",
		"Open client connections by state: reading, writing or waiting (stub_status).", "address", "state")
	connectionsAccepted = source.Counter("registry_nginx_connections_accepted_total",
		"Accepted client connections (stub_status: accepts).", "address")
	connectionsHandled = source.Counter("registry_nginx_connections_handled_total",
		"Handled client connections: fewer than accepted when nginx dropped some (stub_status: handled).", "address")
	requestsTotal = source.Counter("registry_nginx_requests_total",
		"Client requests (stub_status: requests).", "address")
)

// Sources makes a source of each replica (msr.replicas), then of each nginx (nginx.urls). An error names the key of the
// configuration that is wrong, such as a ca_file that is missing.
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

// newSource asks for path, or for the URL of the client when path is empty. hc sends the request, with credentials if it
// has any; at names the page in reports.
func newSource(c *ask.Client, hc *http.Client, path string, at source.Place) *source.Source {
	return &source.Source{
		Address: c.Address,
		Words:   source.Words{Place: at.Always(), Facts: connectionFacts, Advice: []source.Advice{source.WantsLogin}},
		Read: func(ctx context.Context) ([]source.Sample, error) {
			a, err := c.Get(ctx, hc, path, ask.MaxSmallBody)
			if err != nil {
				return nil, fmt.Errorf("asking for stub_status: %w", a.OrRefusal(err, http.StatusOK))
			}
			if a.Status != http.StatusOK {
				return nil, a.Refusal()
			}
			return parseStubStatus(string(a.Body), c.Address)
		},
	}
}

// stubStatus has the metric of each number of stub_status. The word stands before the number on the page, or above it.
var stubStatus = []struct {
	word   string
	sample func(value float64, address string) source.Sample
}{
	{"Active connections:", func(v float64, e string) source.Sample { return connectionsActive.Sample(v, e) }},
	{"accepts", func(v float64, e string) source.Sample { return connectionsAccepted.Sample(v, e) }},
	{"handled", func(v float64, e string) source.Sample { return connectionsHandled.Sample(v, e) }},
	{"requests", func(v float64, e string) source.Sample { return requestsTotal.Sample(v, e) }},
	{"Reading:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "reading") }},
	{"Writing:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "writing") }},
	{"Waiting:", func(v float64, e string) source.Sample { return connectionsByState.Sample(v, e, "waiting") }},
}

// parseStubStatus reads a page. It passes over the fourth column behind requests that builds such as Tengine have. It
// returns the samples of all numbers, or an error with reason bad_answer.
func parseStubStatus(text, address string) ([]source.Sample, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 4 {
		return nil, source.Failed(source.ReasonBadAnswer, "not a stub_status page: %d lines", len(lines))
	}
	active, found := strings.CutPrefix(strings.TrimSpace(lines[0]), "Active connections: ")
	names, numbers := strings.Fields(lines[1]), strings.Fields(lines[2])
	states := strings.Fields(lines[3])
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
		samples = append(samples, n.sample(float64(value), address))
	}
	return samples, nil
}

// connectionFacts returns a fact such as "3 open connections".
func connectionFacts(_ *source.View, res source.Result) []string {
	if n, found := res.Value(connectionsActive); found {
		return []string{source.Plural(int(n), "open connection", "open connections")}
	}
	return nil
}
