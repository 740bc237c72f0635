package msr

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

const lostServer = "73736b06-0dff-4bc7-9488-c26624528ed5"

// TestNameOfALostServerIsRememberedFromAnotherView: the replica of view a knows a server by its id alone, that of view b
// by its name.
func TestNameOfALostServerIsRememberedFromAnotherView(t *testing.T) {
	viewA, viewB := clusterStatusOf(t, "not_everyone_sees_everyone_view_a"), clusterStatusOf(t, "not_everyone_sees_everyone_view_b")
	const byID = "registry_msr_server_connected{dtr_rethinkdb_5eb9459a7832," + lostServer + "}"
	const byName = "registry_msr_server_connected{dtr_rethinkdb_5eb9459a7832,dtr_rethinkdb_56b65e8c1404}"
	names := &serverNames{}

	page, err := parsed(t, viewA, names)
	wantReason(t, err, "")
	wantSample(t, page, byID, 0)

	page, err = parsed(t, viewB, names)
	wantReason(t, err, "")
	wantSample(t, page, byName, 0)

	page, err = parsed(t, viewA, names)
	wantReason(t, err, "")
	wantSample(t, page, byName, 0)
	wantSample(t, page, "registry_msr_server_connected{dtr_rethinkdb_f2277ad178f7,dtr_rethinkdb_56b65e8c1404}", 1)
	wantSample(t, page, "registry_msr_server_up{dtr_rethinkdb_56b65e8c1404}", 0)
	if _, found := page[byID]; found {
		t.Errorf("still %s", byID)
	}
}

func TestReplicasOfARegistryShareTheNamesOfServers(t *testing.T) {
	replica := func(tables string) string {
		body := clusterStatusOf(t, tables)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	viewA, viewB := replica("not_everyone_sees_everyone_view_a"), replica("not_everyone_sees_everyone_view_b")
	text := `
registries:
- {name: hub, url: http://hub, msr: {replicas: [` + viewA + `, ` + viewB + `]}}
- {name: other, url: http://other, msr: {replicas: [` + viewA + `]}}
`
	peersOf := func(s *source.Source) (peers []string) {
		samples, err := s.Read(t.Context())
		wantReason(t, err, "")
		for _, s := range samples {
			if s.Metric == serverConnected {
				peers = append(peers, s.Labels[2])
			}
		}
		return peers
	}
	hub, other := sourcesOf(t, text, 0), sourcesOf(t, text, 1)
	peersOf(hub[1])
	if slices.Contains(peersOf(hub[0]), lostServer) {
		t.Error("the name that one replica told is not known to the other")
	}
	if !slices.Contains(peersOf(other[0]), lostServer) {
		t.Error("a name is known to another registry, whose servers these are not")
	}
}

func TestServerLabels(t *testing.T) {
	servers := []server{
		{serverID: serverID{"one", "11111111-aaaa"}},
		{serverID: serverID{"two", "22222222-bbbb"}},
		{serverID: serverID{"two", "33333333-cccc"}},
	}
	labels := (&serverNames{}).labels(servers)
	for ref, want := range map[string]string{
		"one":                          "one",
		"11111111-aaaa":                "one",
		"one__conflict__11111111-aaaa": "one", // the other server of this name is gone
		"22222222-bbbb":                "two__22222222",
		"two__conflict__22222222-bbbb": "two__22222222",
		"two__conflict__33333333_cccc": "two__33333333",                // as RethinkDB writes it: names have no hyphens
		"two__conflict__44444444-dddd": "two__conflict__44444444-dddd", // a server that no view has named
		"44444444-dddd":                "44444444-dddd",
		"":                             "",
	} {
		if got := labels.resolve(ref); got != want {
			t.Errorf("%q becomes %q, want %q", ref, got, want)
		}
	}
}

func TestServerNamesAreBounded(t *testing.T) {
	names := &serverNames{}
	for i := range 10 * maxServerNames {
		names.learn([]server{{serverID: serverID{"a", fmt.Sprint(i)}}})
	}
	long := strings.Repeat("x", source.MaxLabelBytes+1)
	names.learn([]server{{serverID: serverID{long, "id"}}, {serverID: serverID{"name", long}}})
	if n := len(names.names); n > maxServerNames {
		t.Errorf("%d names are remembered", n)
	}
	if _, known := names.of(long); known {
		t.Error("an id of any length is remembered")
	}
	if _, known := names.of("id"); known {
		t.Error("a name of any length is remembered")
	}
}
