package trust

import (
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/trust/fakenotary"
)

// The finding about a deletion says where to look who did it.
func TestWhereToLookForWhoDeleted(t *testing.T) {
	const msr = "registries:\n- name: msr\n  url: https://msr.example.org\n  msr: {trust: {}, http: {basic_auth: {username: admin, password: right-password}}}\n"
	const own = "registries:\n- name: hub\n  url: https://hub.example.org\n  trust: {url: https://notary.example.org, http: {basic_auth: {username: admin, password: right-password}}}\n"
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, config, what, try string }{
		{"an MSR", msr, "the events of MSR say who did", "curl -sS -i -m 20 -u admin https://msr.example.org/api/v0/events"},
		{"a Notary", own, "the logs of Notary and of what is in front of it say who did", "curl -sS -i -m 20 'https://notary.example.org/v2/_trust/changefeed?change_id=-1&records=10'"},
	} {
		s := newSource(t, c.config, "")
		res := source.Result{Source: s, Samples: []source.Sample{deletionTime.Sample(source.Unix(now.Add(-3*time.Hour)), s.Address, "library/wordpress")}}
		found := s.Words.Findings(&source.View{Now: now}, res)
		if len(found) != 1 || found[0].What != "trust data was deleted: library/wordpress (3 hours ago); "+c.what || found[0].Try != c.try {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
}

func TestFactsOfAFeed(t *testing.T) {
	server := fakenotary.Start(t)
	server.PublishAt(nginx, "update", time.Now().Add(-3*time.Hour-time.Minute))
	tt := start(t, server, "")
	facts := strings.Join(tt.Words.Facts(&source.View{Now: time.Now()}, tt.run("")), ", ")
	if facts != "0 changes counted, the last one 3 hours ago" {
		t.Error(facts)
	}
}
