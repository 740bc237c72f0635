package harbor

import (
	"slices"
	"testing"

	"registry_exporter/collector/source"
)

func TestHealthIsRead(t *testing.T) {
	for _, c := range []struct {
		name, body string
		healthy    bool
		unhealthy  []string
	}{
		{"all healthy", `{"status":"healthy","components":[{"name":"core","status":"healthy"}]}`, true, nil},
		{"no database", `{"status":"unhealthy","components":[{"name":"core","status":"healthy"},{"name":"database","status":"unhealthy","error":"dial tcp"}]}`, false, []string{"database"}},
		{"a part of a later release", `{"status":"unhealthy","components":[{"name":"oracle","status":"unhealthy"},{"name":"augur","status":"healthy"}]}`, false, []string{"other"}},
		{"a part that stands twice", `{"status":"unhealthy","components":[{"name":"redis","status":"unhealthy"},{"name":"redis","status":"unhealthy"}]}`, false, []string{"redis"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := parseHealth([]byte(c.body))
			if err != nil || h.healthy != c.healthy || !slices.Equal(h.unhealthy, c.unhealthy) {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
}

func TestWhatIsNoHealth(t *testing.T) {
	for _, body := range []string{"", "null", "[]", "{}", `{"status":"healthy"}`, `{"status":"healthy","components":[]}`, `{"Healthy":true,"Error":""}`, `{"status":1}`, "<html>"} {
		if h, err := parseHealth([]byte(body)); source.Reason(err) != source.ReasonBadAnswer {
			t.Errorf("%q: got %+v, %v, want a bad answer", body, h, err)
		}
	}
}

// TestBlame: only what Harbor answers for want of a part is that part's fault.
func TestBlame(t *testing.T) {
	for _, c := range []struct {
		name      string
		unhealthy []string
		reason    string
		want      string
	}{
		{"a password while the database is down", []string{database}, source.ReasonUnauthorized, source.ReasonComponentUnhealthy},
		{"queues while jobservice is down", []string{jobservice}, source.ReasonServerError, source.ReasonComponentUnhealthy},
		{"no answer while Redis is down", []string{redis}, source.ReasonTimeout, source.ReasonComponentUnhealthy},
		{"a password while all is well", nil, source.ReasonUnauthorized, source.ReasonUnauthorized},
		{"a password while the portal is down", []string{"portal"}, source.ReasonUnauthorized, source.ReasonUnauthorized},
		{"a right that the account lacks", []string{database}, source.ReasonForbidden, source.ReasonForbidden},
		{"a certificate", []string{database}, source.ReasonTLSExpired, source.ReasonTLSExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &health{unhealthy: c.unhealthy}
			if got := source.Reason(h.blame(source.Failed(c.reason, "no"))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if err := (&health{unhealthy: []string{database}}).blame(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}
