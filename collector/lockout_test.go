package collector

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// refuse is a server that lets nobody in who shows no right password.
func refuse(scheme, realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "right-password" {
			openRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("%s realm=%q", scheme, realm))
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// age makes all refusals older by d.
func (l *lockout) age(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, at := range l.refused {
		l.refused[key] = at.Add(-d)
	}
}

func TestARefusedSecretIsNotSentAgainForAMinute(t *testing.T) {
	for _, c := range []struct {
		name, config string
		header       string
	}{
		{"basic auth", "basic_auth: {username: monitor, password: wrong-password}", "Authorization"},
		{"bearer", "authorization: {credentials: wrong-token}", "Authorization"},
		{"custom header", "http_headers: {X-Api-Key: {secrets: [wrong-key]}}", "X-Api-Key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen recorder
			server := httptest.NewServer(seen.record(refuse("Basic", "x")))
			defer server.Close()
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {"+c.config+"}\n")
			scrape := func(want int) {
				t.Helper()
				got := e.scrapeNow(t, "api")
				got.wantReason(t, reasonUnauthorized)
				got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := seen.carrying(c.header); n != want {
					t.Fatalf("the secret was sent %d times, want %d", n, want)
				}
			}
			scrape(1)
			scrape(1)
			e.lockout.age(lockoutTime - 5*time.Second)
			scrape(1)
			e.lockout.age(5 * time.Second)
			scrape(2)
			scrape(2)
			if err := e.Reload(); err != nil {
				t.Fatal(err)
			}
			scrape(2)
			if n := len(seen.requests()); n != 6+2 {
				t.Errorf("got %d requests, want one without credentials by each of 6 scrapes, and 2 with", n)
			}
		})
	}
}

func TestARefusedSecretIsNotSentAgainToATokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name, config string
		each         int
	}{
		{"token flow", credentialConfigs["basic auth"], 1},
		{"oauth2", credentialConfigs["oauth2"], 2}, // in a header, and then in the body, as some want it
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen recorder
			tokens := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
			defer tokens.Close()
			server := httptest.NewServer(bearerRegistry(tokens.URL + "/token"))
			defer server.Close()
			e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {"+strings.ReplaceAll(c.config, "ADDRESS", tokens.URL)+"}\n")
			for scrape, want := range []int{c.each, c.each, 2 * c.each, 2 * c.each} {
				if scrape == 2 {
					e.lockout.age(lockoutTime)
				}
				got := e.scrapeNow(t, "api")
				got.wantReason(t, reasonUnauthorized)
				got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := len(seen.requests()); n != want {
					t.Fatalf("scrape %d: the secret was sent %d times, want %d", scrape, n, want)
				}
			}
		})
	}
}

func TestAChangedPasswordFileIsTriedAtOnce(t *testing.T) {
	var seen recorder
	server := httptest.NewServer(seen.record(refuse("Basic", "x")))
	defer server.Close()
	file := tempFile(t, "password", []byte("wrong-password\n"))
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n")
	e.scrapeNow(t, "api").wantReason(t, reasonUnauthorized)
	e.scrapeNow(t, "api").wantReason(t, reasonUnauthorized)
	if err := os.WriteFile(file, []byte("right-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := e.scrapeNow(t, "api")
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_api_authorized{": 1})
	if n := seen.carrying("Authorization"); n != 2 {
		t.Errorf("passwords were sent %d times, want each once", n)
	}
}

func TestAnotherEndpointIsAskedAllTheSame(t *testing.T) {
	var front, backend recorder
	a := httptest.NewServer(front.record(refuse("Basic", "x")))
	defer a.Close()
	b := httptest.NewServer(backend.record(refuse("Basic", "x")))
	defer b.Close()
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+a.URL+"\n  backends: ["+b.URL+"]\n  http: {basic_auth: {username: monitor, password: wrong-password}}\n")
	for range 3 {
		e.scrapeNow(t, "api")
	}
	if front.carrying("Authorization") != 1 || backend.carrying("Authorization") != 1 {
		t.Errorf("the password was sent %d times to the front and %d times to the backend, want once each",
			front.carrying("Authorization"), backend.carrying("Authorization"))
	}
}

func TestOnlyARefusalLocksOut(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var seen recorder
			server := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, "{}")
			}))
			defer server.Close()
			e := newTestExporter(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug: {urls: ["+server.URL+"], http: {basic_auth: {username: monitor, password: right-password}}}\n")
			for range 3 {
				e.scrapeNow(t, "health")
			}
			if n := seen.carrying("Authorization"); n != 3 {
				t.Errorf("the password was sent %d times, want 3", n)
			}
		})
	}
}

func TestOAuth2TokenIsKeptWhileItLasts(t *testing.T) {
	var tokens, asked recorder
	var good atomic.Value
	good.Store("Bearer t")
	login := httptest.NewServer(tokens.record(answerToken))
	defer login.Close()
	server := httptest.NewServer(asked.record(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != good.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	e := newTestExporter(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
	e.scrapeNow(t, "health").wantReason(t, "")
	e.scrapeNow(t, "health").wantReason(t, "")
	if n := len(tokens.requests()); n != 1 {
		t.Errorf("got %d logins, want 1", n)
	}
	good.Store("Bearer another")
	e.scrapeNow(t, "health").wantReason(t, reasonUnauthorized)
	e.scrapeNow(t, "health").wantReason(t, reasonUnauthorized)
	if n := len(tokens.requests()); n != 2 {
		t.Errorf("got %d logins, want one more after the token was refused", n)
	}
}

func TestOAuth2TokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		kind   string
		body   string
		reason string
	}{
		{"good", 200, "application/json", `{"access_token":"t","token_type":"Bearer","expires_in":300}`, ""},
		{"wrong secret", 401, "application/json", `{"error":"invalid_client"}`, reasonUnauthorized},
		{"wrong secret, status 400", 400, "application/json", `{"error":"invalid_client"}`, reasonUnauthorized},
		{"scope refused", 400, "application/json", `{"error":"invalid_scope"}`, reasonClientError},
		{"error with status 200", 200, "application/json", `{"error":"invalid_scope"}`, reasonBadAnswer},
		{"forbidden", 403, "text/html", `<html>`, reasonForbidden},
		{"unavailable", 503, "text/html", `<html>`, reasonUnavailable},
		{"HTML", 200, "text/html", `<html>`, reasonBadAnswer},
		{"no token", 200, "application/json", `{}`, reasonBadAnswer},
		{"truncated", 200, "application/json", `{"access_token":`, reasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer login.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
			defer server.Close()
			e := newTestExporter(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
			e.scrapeNow(t, "health").wantReason(t, c.reason)
		})
	}
}

func TestOAuth2TokenEndpointThatNeverAnswers(t *testing.T) {
	login := newRawServer(t, afterRequest(silent))
	e := newTestExporter(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  timeout: 300ms\n  debug:\n    urls: [http://registry.invalid]\n    http: {"+
		strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", "http://"+login.address)+"}\n")
	e.scrapeNow(t, "health").wantReason(t, reasonTimeout)
	login.wantAllClosed(t)
}
