package ask

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// frontAndBackend are the accounts of a registry at front, and of a backend that nobody asks in these tests.
func frontAndBackend(t *testing.T, front string) (*Account, *Account) {
	t.Helper()
	b := builderOf(t, front, "  backends: [\"http://127.0.0.1:2\"]\n"+realmLogin, &Lockout{})
	one, err := NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewAccount(b, b.HTTP, b.Backends[0], "http")
	if err != nil {
		t.Fatal(err)
	}
	return one, other
}

// frontThat answers /v2/ with a challenge, or is open to all where that is empty; and with a status of its own if that is not 0.
func frontThat(t *testing.T, challenge string, status int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "":
			t.Errorf("the front got credentials before it asked for them")
		case status != 0:
			w.WriteHeader(status)
		case challenge != "":
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestABackendGetsThePasswordOnlyWhereTheFrontAsksForIt(t *testing.T) {
	const basic = `Basic realm="hub"`
	for _, c := range []struct {
		name, front string
		status      int
		refused     string // words of the error
	}{
		{name: "the front asks for it", front: basic},
		{name: "the front names a token server", front: `Bearer realm="http://127.0.0.1:9/t"`, refused: "which the front does not"},
		{name: "the front offers both", front: `Basic realm="hub", Bearer realm="http://127.0.0.1:9/t"`, refused: "which the front does not"},
		{name: "the front wants no login", refused: "which the front does not"},
		{name: "the front asks for something else", front: "Negotiate", refused: "which the front does not"},
		{name: "the front fails", status: http.StatusBadGateway, refused: "has not said how it lets in (server_error)"},
		{name: "the front says 401 and no more", status: http.StatusUnauthorized, refused: "has not said how it lets in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, backend := frontAndBackend(t, frontThat(t, c.front, c.status).URL)
			hc, err := backend.LoginFor(t.Context(), Challenge{Scheme: "basic"})
			switch {
			case c.refused == "" && (err != nil || hc != backend.Login):
				t.Errorf("it does not get it: %v", err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("got %v, want %q", err, c.refused)
			case c.refused != "":
				wantReason(t, err, source.ReasonRealmRefused)
			}
		})
	}
}

// The front lets in with tokens; a path of it that is open to all changes nothing, and another challenge does.
func TestTheLastChallengeOfTheFrontCounts(t *testing.T) {
	front, backend := frontAndBackend(t, "http://127.0.0.1:1")
	for _, c := range []struct {
		challenge Challenge
		reason    string
	}{
		{Challenge{Scheme: "bearer", Params: params{"realm": "http://127.0.0.1:9/t"}}, source.ReasonRealmRefused},
		{Challenge{}, source.ReasonRealmRefused},
		{Challenge{Scheme: "basic"}, ""},
		{Challenge{}, ""},
	} {
		if _, err := front.LoginFor(t.Context(), c.challenge); err != nil {
			t.Error(err)
		}
		_, err := backend.LoginFor(t.Context(), Challenge{Scheme: "basic"})
		wantReason(t, err, c.reason)
	}
}

func TestABackendThatGaveTokensAndAsksForThePasswordIsAChange(t *testing.T) {
	own, _ := realmAt(t, "127.0.0.1")
	_, backend := frontAndBackend(t, frontThat(t, `Bearer realm="`+own+`"`, 0).URL)
	_, err := backend.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": own}})
	wantReason(t, err, "")
	_, err = backend.LoginFor(t.Context(), Challenge{Scheme: "basic"})
	wantReason(t, err, source.ReasonRealmChanged)
}

func TestNoPasswordGoesToTheRealmOfABackendBeforeThatOfTheFrontIsKnown(t *testing.T) {
	realm, seen := realmAt(t, "127.0.0.1") // of the same host as the front
	for name, front := range map[string]string{
		"the front is down":             "http://127.0.0.1:1",
		"the front fails":               frontThat(t, "", http.StatusServiceUnavailable).URL,
		"the front asks for a password": frontThat(t, `Basic realm="hub"`, 0).URL,
		"the front wants no login":      frontThat(t, "", 0).URL,
	} {
		t.Run(name, func(t *testing.T) {
			_, backend := frontAndBackend(t, front)
			_, err := backend.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": realm}})
			wantReason(t, err, source.ReasonRealmRefused)
			if n := len(seen.Requests()); n != 0 {
				t.Errorf("the realm saw %d requests: %v", n, err)
			}
		})
	}
}

// Nobody is paged for a backend while the front is down: another alert tells that.
func TestAFrontThatSaysNothingIsNoRefusalOfTheBackend(t *testing.T) {
	_, backend := frontAndBackend(t, "http://127.0.0.1:1")
	if _, err := backend.LoginFor(t.Context(), Challenge{Scheme: "basic"}); !source.IsUnasked(err) {
		t.Errorf("it counts as refused: %v", err)
	}
}

func TestTheRealmOfABackendIsAskedWithTLSWhereTheFrontHasIt(t *testing.T) {
	realm, seen := realmAt(t, "127.0.0.1")
	front, backend := frontAndBackend(t, "https://127.0.0.1:1")
	ch := Challenge{Scheme: "bearer", Params: params{"realm": realm}}
	for _, a := range []*Account{front, backend} {
		_, err := a.Token(t.Context(), ch)
		wantReason(t, err, source.ReasonBadAnswer)
	}
	if n := len(seen.Requests()); n != 0 {
		t.Errorf("a realm without TLS saw %d requests", n)
	}
}

// The front is asked without credentials. It fails at first, so the next login asks again; when it has answered, none does.
func TestTheFrontIsAskedHowItLetsInUntilItSaysSo(t *testing.T) {
	var seen testserver.Recorder
	var failures atomic.Int32
	front := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) {
		if failures.Add(1) <= 2 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "{}")
	}))
	defer front.Close()
	_, backend := frontAndBackend(t, front.URL)
	for _, want := range []string{source.ReasonRealmRefused, source.ReasonRealmRefused, "", "", ""} {
		_, err := backend.LoginFor(t.Context(), Challenge{Scheme: "basic"})
		wantReason(t, err, want)
	}
	requests := seen.Requests()
	if len(requests) != 3 || requests[0].URL.Path != "/v2/" || seen.Carrying("Authorization") != 0 {
		t.Errorf("%d requests", len(requests))
	}
}
