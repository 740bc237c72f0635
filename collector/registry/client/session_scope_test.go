package client

import (
	"net/http"
	"testing"
)

// A backend that is not what it should be gets the token: it may not have our account delete what others push.
func TestSessionAsksForNoTokenThatDeletesWhereItPulls(t *testing.T) {
	g := &gate{challenge: `Bearer realm="REALM",scope="repository:prod/app:pull,push,delete repository:prod/db:*"`}
	g.good = func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
	startGate(t, g)
	if _, err := testSession(t, g.address, basicLogin).ask(t, http.MethodGet, "repository:a/b:pull", ""); err != nil {
		t.Fatal(err)
	}
	if got := g.realm.Requests()[0].URL.Query().Get("scope"); got != "repository:prod/app:pull" {
		t.Errorf("a token for %q was asked for", got)
	}
}
