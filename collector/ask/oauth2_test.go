package ask_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestOAuth2TokenIsKeptWhileItLasts(t *testing.T) {
	var tokens, asked testserver.Recorder
	var good atomic.Value
	good.Store("Bearer t")
	login := httptest.NewServer(tokens.Record(answerToken))
	defer login.Close()
	server := httptest.NewServer(asked.Record(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != good.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
	collectortest.Scrape(t, e, "health").WantReason(t, "")
	collectortest.Scrape(t, e, "health").WantReason(t, "")
	if n := len(tokens.Requests()); n != 1 {
		t.Errorf("got %d logins, want 1", n)
	}
	good.Store("Bearer another")
	collectortest.Scrape(t, e, "health").WantReason(t, source.ReasonUnauthorized)
	collectortest.Scrape(t, e, "health").WantReason(t, source.ReasonUnauthorized)
	if n := len(tokens.Requests()); n != 2 {
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
		{"wrong secret", 401, "application/json", `{"error":"invalid_client"}`, source.ReasonUnauthorized},
		{"wrong secret, status 400", 400, "application/json", `{"error":"invalid_client"}`, source.ReasonUnauthorized},
		{"scope refused", 400, "application/json", `{"error":"invalid_scope"}`, source.ReasonClientError},
		{"error with status 200", 200, "application/json", `{"error":"invalid_scope"}`, source.ReasonBadAnswer},
		{"forbidden", 403, "text/html", `<html>`, source.ReasonForbidden},
		{"unavailable", 503, "text/html", `<html>`, source.ReasonUnavailable},
		{"HTML", 200, "text/html", `<html>`, source.ReasonBadAnswer},
		{"no token", 200, "application/json", `{}`, source.ReasonBadAnswer},
		{"truncated", 200, "application/json", `{"access_token":`, source.ReasonBadAnswer},
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
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
			collectortest.Scrape(t, e, "health").WantReason(t, c.reason)
		})
	}
}

func TestOAuth2TokenEndpointThatNeverAnswers(t *testing.T) {
	login := testserver.NewRaw(t, testserver.AfterRequest(testserver.Silent))
	e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  timeout: 300ms\n  debug:\n    urls: [http://registry.invalid]\n    http: {"+
		strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", "http://"+login.Address)+"}\n")
	collectortest.Scrape(t, e, "health").WantReason(t, source.ReasonTimeout)
	login.WantAllClosed(t)
}
