package client

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wantReason fails the test unless err has the reason, or is nil when the reason is empty.
func wantReason(t *testing.T, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason %q, want %q: %v", got, want, err)
	}
}

// testSession makes a session with the registry at address, configured as the options say.
func testSession(t testing.TB, address, options string) *Session {
	t.Helper()
	file := testserver.TempFile(t, "registry_exporter.yml", []byte("registries:\n- name: hub\n  url: "+address+"\n  http: {"+options+"}\n"))
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	b := ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)})
	a, err := ask.NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	return NewSession(a)
}

// ask sends a request of the session, and returns the status of the answer or the error.
func (s *Session) ask(t *testing.T, method, scope, body string) (int, error) {
	t.Helper()
	req, err := s.Request(t.Context(), method, "/v2/a/b/blobs/uploads/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Send(req, scope)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}

const basicLogin = "basic_auth: {username: monitor, password: right-password}"

// A gate is a registry with a realm. It takes tokens that the realm gave for the scope. Without a realm it takes the
// password.
type gate struct {
	registry, realm  testserver.Recorder
	challenge        string // REALM stands for the URL of the realm
	tokens           int    // given until now
	good             func(r *http.Request) bool
	bodies           []string
	status           int
	address, tokenAt string
}

func startGate(t *testing.T, g *gate) {
	t.Helper()
	realm := httptest.NewServer(g.realm.Record(func(w http.ResponseWriter, r *http.Request) {
		if g.status != 0 {
			w.WriteHeader(g.status)
			return
		}
		g.tokens++
		fmt.Fprintf(w, `{"token":"token-%d %s"}`, g.tokens, r.URL.Query().Get("scope"))
	}))
	t.Cleanup(realm.Close)
	server := httptest.NewServer(g.registry.Record(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.bodies = append(g.bodies, string(body))
		if g.good(r) {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("WWW-Authenticate", strings.ReplaceAll(g.challenge, "REALM", realm.URL+"/token"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	g.address, g.tokenAt = server.URL, realm.URL
}

func TestSessionLogsIn(t *testing.T) {
	always := func(*http.Request) bool { return true }
	never := func(*http.Request) bool { return false }
	basic := func(r *http.Request) bool { _, password, _ := r.BasicAuth(); return password == "right-password" }
	token := func(want string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+want }
	}
	for _, c := range []struct {
		name, options, challenge string
		good                     func(*http.Request) bool
		realm                    int // status, when it refuses
		reason, way              string
		asked, realmAsked        int
		refusesAll               bool // it is no login of ours that fails
	}{
		{name: "nobody asks", options: basicLogin, good: always, way: "without credentials", asked: 1},
		{name: "basic", options: basicLogin, challenge: `Basic realm="r"`, good: basic, way: "with the configured credentials", asked: 2},
		{name: "basic, a wrong password", options: strings.Replace(basicLogin, "right", "wrong", 1), challenge: `Basic realm="r"`, good: basic, reason: source.ReasonUnauthorized, asked: 2},
		{name: "basic, and we have nothing", challenge: `Basic realm="r"`, good: basic, reason: source.ReasonUnauthorized, asked: 1},
		{name: "a token", options: basicLogin, challenge: `Bearer realm="REALM",scope="repository:a/b:pull"`, good: token("token-1 repository:a/b:pull"), way: "with a token", asked: 2, realmAsked: 1},
		{name: "a token, whose scope the registry does not say", options: basicLogin, challenge: `Bearer realm="REALM"`, good: token("token-1 our scope"), way: "with a token", asked: 2, realmAsked: 1},
		{name: "a token that anybody gets", challenge: `Bearer realm="REALM"`, good: token("token-1 our scope"), way: "with a token", asked: 2, realmAsked: 1},
		{name: "a token without rights", options: basicLogin, challenge: `Bearer realm="REALM"`, good: never, reason: source.ReasonUnauthorized, asked: 2, realmAsked: 1},
		{name: "a realm that refuses", options: basicLogin, challenge: `Bearer realm="REALM"`, good: never, realm: 401, reason: source.ReasonUnauthorized, asked: 1, realmAsked: 1},
		{name: "a realm with an error", options: basicLogin, challenge: `Bearer realm="REALM"`, good: never, realm: 503, reason: source.ReasonUnavailable, asked: 1, realmAsked: 1},
		{name: "a realm that is none", options: basicLogin, challenge: `Bearer realm="nowhere"`, good: never, reason: source.ReasonBadAnswer, asked: 1},
		{name: "a realm without quotes", options: basicLogin, challenge: `Bearer realm=REALM`, good: never, reason: source.ReasonBadAnswer, asked: 1},
		{name: "a token that the registry does not take", options: basicLogin, challenge: `Bearer realm="REALM",error="invalid_token"`, good: never, reason: source.ReasonUnauthorized, asked: 2, realmAsked: 1, refusesAll: true},
		{name: "a token without the scope", options: basicLogin, challenge: `Bearer realm="REALM",error="insufficient_scope"`, good: never, reason: source.ReasonForbidden, asked: 2, realmAsked: 1},
		{name: "no challenge", good: never, challenge: "", reason: source.ReasonUnauthorized, asked: 1, refusesAll: true},
		{name: "no challenge, and no password is sent", options: basicLogin, good: basic, challenge: "", reason: source.ReasonUnauthorized, asked: 1, refusesAll: true},
		{name: "a configured bearer where a token is asked for", options: "authorization: {credentials: mine-alone}", challenge: `Bearer realm="REALM"`, good: token("mine-alone"), way: "with the configured credentials", asked: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &gate{challenge: c.challenge, good: c.good, status: c.realm}
			startGate(t, g)
			s := testSession(t, g.address, c.options)
			status, err := s.ask(t, http.MethodPost, "our scope", "the body")
			wantReason(t, err, c.reason)
			if c.reason == "" && (status != http.StatusAccepted || s.HowLetIn() != c.way) {
				t.Errorf("status %d %s, want 202 %s", status, s.HowLetIn(), c.way)
			}
			if c.reason != "" && ask.IsNotLetIn(err) == c.refusesAll {
				t.Errorf("known as trouble with logging in: %t: %s", !c.refusesAll, err)
			}
			if n, m := len(g.registry.Requests()), len(g.realm.Requests()); n != c.asked || m != c.realmAsked {
				t.Errorf("%d requests to the registry and %d to the realm, want %d and %d", n, m, c.asked, c.realmAsked)
			}
			for i, body := range g.bodies {
				if body != "the body" {
					t.Errorf("request %d has the body %q", i, body)
				}
			}
		})
	}
}

func TestSessionHasATokenForEachScope(t *testing.T) {
	g := &gate{challenge: `Bearer realm="REALM"`}
	g.good = func(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") }
	startGate(t, g)
	s := testSession(t, g.address, basicLogin)
	for _, scope := range []string{"one", "two", "one", "two"} {
		if _, err := s.ask(t, http.MethodGet, scope, ""); err != nil {
			t.Error(err)
		}
	}
	var sent []string
	for _, r := range g.registry.Requests() {
		sent = append(sent, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}
	if got, want := fmt.Sprintf("%q", sent), `["" "token-1 one" "" "token-2 two" "token-1 one" "token-2 two"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSessionGetsAnotherTokenWhenOneHasEnded(t *testing.T) {
	g := &gate{challenge: `Bearer realm="REALM",scope="what it had",error="invalid_token"`}
	valid := 1
	g.good = func(r *http.Request) bool {
		return strings.HasPrefix(r.Header.Get("Authorization"), fmt.Sprintf("Bearer token-%d ", valid))
	}
	startGate(t, g)
	s := testSession(t, g.address, basicLogin)
	for valid = 1; valid <= 2; valid++ {
		if status, err := s.ask(t, http.MethodGet, "our scope", ""); err != nil || status != http.StatusAccepted {
			t.Errorf("token %d: status %d, %v", valid, status, err)
		}
	}
}

// docker and containerd keep a token until its end. A registry that ends a token sooner breaks off their pulls and
// pushes.
func TestSessionKeepsATokenUntilItsEnd(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		ended        bool
		tokens       int
	}{
		{"refused before it", source.ReasonUnauthorized, false, 1},
		{"refused after it", "", true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &gate{challenge: `Bearer realm="REALM"`}
			valid := 1
			g.good = func(r *http.Request) bool {
				return strings.HasPrefix(r.Header.Get("Authorization"), fmt.Sprintf("Bearer token-%d ", valid))
			}
			startGate(t, g)
			s := testSession(t, g.address, basicLogin)
			_, err := s.ask(t, http.MethodGet, "our scope", "")
			wantReason(t, err, "")
			valid = 2
			if c.ended {
				s.tokens["our scope"] = ask.Token{Text: s.tokens["our scope"].Text, End: time.Now()}
			}
			_, err = s.ask(t, http.MethodGet, "our scope", "")
			wantReason(t, err, c.reason)
			if ask.IsTokenEnded(err) == c.ended || ask.IsNotLetIn(err) || g.tokens != c.tokens {
				t.Errorf("%d tokens were asked for, want %d: %v", g.tokens, c.tokens, err)
			}
		})
	}
}

func TestSessionSaysWhatItWasAnswered(t *testing.T) {
	for _, status := range []int{200, 204, 400, 403, 404, 405, 500, 503} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		got, err := testSession(t, server.URL, basicLogin).ask(t, http.MethodGet, "s", "")
		if err != nil || got != status {
			t.Errorf("status %d: got %d, %v", status, got, err)
		}
	}
}

func TestSessionRequestsGoToItsAddress(t *testing.T) {
	s := testSession(t, "http://10.0.0.1:5000", "")
	for ref, want := range map[string]string{
		"/v2/a/blobs/uploads/1?_state=x%2Fy":               "http://10.0.0.1:5000/v2/a/blobs/uploads/1?_state=x%2Fy",
		"http://registry.example.org/v2/a/uploads/1?d=e":   "http://10.0.0.1:5000/v2/a/uploads/1?d=e",
		"//elsewhere/v2/":                                  "http://10.0.0.1:5000/v2/",
		"http://user:password@registry.example.org/v2/%41": "http://10.0.0.1:5000/v2/%41",
	} {
		req, err := s.Request(t.Context(), http.MethodPut, ref, nil)
		if err != nil || req.URL.String() != want {
			t.Errorf("%s: got %v, %v, want %s", ref, req.URL, err, want)
		}
	}
	_, err := s.Request(t.Context(), http.MethodPut, "http://[::1", nil)
	wantReason(t, err, source.ReasonBadAnswer)
}

// Errors of a session repeat nothing that a server has sent.
func TestSessionErrorsAreWithoutSecrets(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"in a body": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401); fmt.Fprint(w, r.Header) },
		"in a Location": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/"+url.QueryEscape(fmt.Sprint(r.Header)), http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			realm := httptest.NewServer(answer)
			defer realm.Close()
			registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm.URL+`/token"`)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer registry.Close()
			_, err := testSession(t, registry.URL, basicLogin).ask(t, http.MethodGet, "s", "")
			if err == nil {
				t.Fatal("it was let in")
			}
			for _, secret := range []string{"right-password", "cmlnaHQtcGFzc3dvcmQ", "Authorization"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %s", err)
				}
			}
		})
	}
}

// A realm with http behind a front with https gets no password. Without a password there is nothing to protect.
func TestSessionAndARealmWithoutTLS(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	for _, c := range []struct {
		name, login, reason string
		realmAsked          int
	}{
		{"nobody logs in", "", "", 1},
		{"a password", ", " + basicLogin, source.ReasonBadAnswer, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked testserver.Recorder
			realm := httptest.NewServer(asked.Record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"for-all"}`) }))
			defer realm.Close()
			front := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer for-all" {
					w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm.URL+`/token"`)
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			_, err := testSession(t, front.URL, "tls_config: {ca_file: "+ca.File(t)+"}"+c.login).ask(t, http.MethodGet, "s", "")
			wantReason(t, err, c.reason)
			if n := len(asked.Requests()); n != c.realmAsked {
				t.Errorf("the realm saw %d requests, want %d", n, c.realmAsked)
			}
			if err != nil && !strings.Contains(err.Error(), "realm of the bearer challenge is http") {
				t.Errorf("it does not name the cause: %s", err)
			}
		})
	}
}
