package ask_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// credentialConfigs are all ways to send a secret to the debug server.
var credentialConfigs = map[string]string{
	"basic auth":     "basic_auth: {username: monitor, password: right-password}",
	"bearer":         "authorization: {credentials: bearer-token}",
	"custom headers": "http_headers: {X-Api-Key: {secrets: [api-key]}}",
	"oauth2":         "oauth2: {client_id: monitor, client_secret: client-secret, token_url: ADDRESS/token}",
}

// elsewhere starts servers that each differ in one thing, such as the port, from the server at address.
func elsewhere(t *testing.T, address string, handler http.HandlerFunc) map[string]string {
	_, port, _ := net.SplitHostPort(address)
	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skipf("no second address: %s", err)
	}
	host := httptest.NewUnstartedServer(handler)
	host.Listener.Close()
	host.Listener = l
	host.Start()
	t.Cleanup(host.Close)
	otherPort := httptest.NewServer(handler)
	t.Cleanup(otherPort.Close)
	ca := testserver.NewAuthority(t, "CA", nil)
	scheme := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("127.0.0.1"))}}, handler)
	return map[string]string{"host": host.URL, "port": otherPort.URL, "scheme and port": scheme.URL}
}

func TestCredentialsNeverFollowARedirectElsewhere(t *testing.T) {
	for kind, config := range credentialConfigs {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
			var target atomic.Value
			var asked testserver.Recorder
			origin := httptest.NewServer(asked.Record(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					answerToken(w, r)
					return
				}
				http.Redirect(w, r, target.Load().(string)+"/login", status)
			}))
			defer origin.Close()
			var seen testserver.Recorder
			for what, url := range elsewhere(t, origin.Listener.Addr().String(), seen.Record(testserver.OpenRegistry)) {
				t.Run(fmt.Sprintf("%s/%d/another %s", kind, status, what), func(t *testing.T) {
					target.Store(url)
					before := len(asked.Requests())
					e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+origin.URL+"]\n    http: {tls_config: {insecure_skip_verify: true}, "+
						strings.ReplaceAll(config, "ADDRESS", origin.URL)+"}\n")
					collectortest.Scrape(t, e, "health").WantReason(t, source.ReasonRedirected)
					if len(asked.Requests()) == before {
						t.Error("nobody was asked")
					}
					for _, r := range seen.Requests() {
						t.Errorf("the other server saw %s %s with %v", r.Method, r.URL, r.Header)
					}
				})
			}
		}
	}
}

func answerToken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"token":"t","access_token":"t","token_type":"Bearer"}`)
}

// The requests to a token endpoint carry the password or the client secret.
func TestTokenEndpointsThatRedirect(t *testing.T) {
	var seen testserver.Recorder
	other := httptest.NewServer(seen.Record(answerToken))
	defer other.Close()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		var origin *httptest.Server
		origin = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				http.Redirect(w, r, other.URL+"/token", status)
				return
			}
			testserver.BearerRegistry(origin.URL+"/token")(w, r)
		}))
		defer origin.Close()
		for kind, config := range map[string]string{"token flow": credentialConfigs["basic auth"], "oauth2": credentialConfigs["oauth2"]} {
			t.Run(fmt.Sprintf("%s/%d", kind, status), func(t *testing.T) {
				e := collectortest.New(t, "registries:\n- name: hub\n  url: "+origin.URL+"\n  http: {"+strings.ReplaceAll(config, "ADDRESS", origin.URL)+"}\n")
				got := collectortest.Scrape(t, e, "api")
				got.WantReason(t, source.ReasonRedirected)
				got.WantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				for _, r := range seen.Requests() {
					t.Errorf("the other server saw %s %s with %v", r.Method, r.URL, r.Header)
				}
			})
		}
	}
}

func TestSwiftThatRedirects(t *testing.T) {
	var seen testserver.Recorder
	other := httptest.NewServer(seen.Record(testserver.OpenRegistry))
	defer other.Close()
	for _, c := range []struct {
		name, redirects, header string
	}{
		{"login", "/auth/v1.0", "X-Auth-Key"},
		{"container", "/v1/AUTH_docker/registry", "X-Auth-Token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked testserver.Recorder
			origin := httptest.NewServer(asked.Record(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == c.redirects {
					http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
					return
				}
				w.Header().Set("X-Storage-Url", "http://"+r.Host+"/v1/AUTH_docker")
				w.Header().Set("X-Auth-Token", "token")
			}))
			defer origin.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  swift: {auth_url: "+origin.URL+"/auth/v1.0, username: docker:registry, key: swift-key, container: registry}\n")
			got := collectortest.Scrape(t, e, "swift")
			got.WantReason(t, source.ReasonRedirected)
			got.WantSamples(t, map[string]float64{"registry_swift_reachable{": 0})
			if asked.Carrying(c.header) == 0 {
				t.Errorf("%s was never sent", c.header)
			}
			for _, r := range seen.Requests() {
				t.Errorf("the other server saw %s %s with %v", r.Method, r.URL, r.Header)
			}
		})
	}
}

func TestRedirectsAtHome(t *testing.T) {
	for _, c := range []struct {
		name      string
		redirects int64
		config    string
		reason    string
		requests  int
	}{
		{"one", 1, "", "", 2},
		{"five", 5, "", "", 6},
		{"six", 6, "", source.ReasonRedirected, 6},
		{"for ever", 1 << 30, "", source.ReasonRedirected, 6},
		{"not to be followed", 1, "follow_redirects: false, ", source.ReasonRedirected, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen testserver.Recorder
			var n atomic.Int64
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
				if n := n.Add(1); n <= c.redirects {
					http.Redirect(w, r, fmt.Sprintf("/%d", n), http.StatusFound)
					return
				}
				fmt.Fprint(w, "{}")
			}))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug: {urls: ["+server.URL+"], http: {"+c.config+credentialConfigs["basic auth"]+"}}\n")
			collectortest.Scrape(t, e, "health").WantReason(t, c.reason)
			if n := len(seen.Requests()); n != c.requests {
				t.Errorf("got %d requests, want %d", n, c.requests)
			}
			if n := seen.Carrying("Authorization"); n != c.requests {
				t.Errorf("%d requests carried credentials, want all %d", n, c.requests)
			}
		})
	}
}
