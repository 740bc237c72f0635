package registry

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

func TestBackendsAreAskedByTheNameOfTheFront(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	var seen testserver.Recorder
	server := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("registry.invalid"))}}, seen.Record(openRegistry))
	e := collect(t, "api", "", `
registries:
- name: hub
  url: https://registry.invalid
  backends: [`+server.URL+`]
  http: {tls_config: {ca_file: `+ca.File(t)+`}}
`)
	got := e.scrape(t)
	address := server.Listener.Addr().String()
	got.wantSamples(t, map[string]float64{
		`registry_api_up{address="registry.invalid:443",role="front"}`:    0,
		`registry_api_up{address="` + address + `",role="backend"}`:       1,
		`registry_tls_verified{address="` + address + `",role="backend"}`: 1,
	})
	got.wantReasonAt(t, address, "")
	got.wantReasonAt(t, "registry.invalid:443", source.ReasonDNS)
	requests := seen.Requests()
	if len(requests) != 1 {
		t.Fatalf("the backend saw %d requests, want 1", len(requests))
	}
	if host := requests[0].Host; host != "registry.invalid" {
		t.Errorf("Host header: got %q", host)
	}
	if name := requests[0].TLS.ServerName; name != "registry.invalid" {
		t.Errorf("SNI: got %q", name)
	}
}

func TestOneOfTwoBackendsDown(t *testing.T) {
	front := httptest.NewServer(http.HandlerFunc(openRegistry))
	defer front.Close()
	well := httptest.NewServer(http.HandlerFunc(openRegistry))
	defer well.Close()
	const down = "127.0.0.1:1"
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+front.URL+"\n  backends: ["+well.URL+", http://"+down+"]\n")
	address := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	got := e.scrape(t)
	got.wantSamples(t, map[string]float64{
		`registry_api_up{address="` + address(front) + `",role="front"}`:                  1,
		`registry_api_up{address="` + address(well) + `",role="backend"}`:                 1,
		`registry_api_up{address="` + down + `",role="backend"}`:                          0,
		`registry_api_status_code{address="` + address(well) + `",role="backend"}`:        200,
		`registry_api_auth{address="` + address(well) + `",role="backend",scheme="none"}`: 1,
	})
	got.wantReasonAt(t, address(front), "")
	got.wantReasonAt(t, address(well), "")
	got.wantReasonAt(t, down, source.ReasonRefused)
	got.wantNone(t, `registry_api_status_code{address="`+down, `registry_api_auth{address="`+down)
}

func TestCredentialsComeSecond(t *testing.T) {
	var seen testserver.Recorder
	server := httptest.NewServer(seen.Record(openRegistry))
	defer server.Close()
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password: right-password}}\n")
	e.scrape(t).wantReason(t, "")
	requests := seen.Requests()
	if len(requests) != 2 || requests[0].Header.Get("Authorization") != "" || requests[1].Header.Get("Authorization") == "" {
		t.Errorf("want one request without and then one with credentials, got %d", len(requests))
	}
}

func TestPasswordIsNotSentToARealmWithoutTLS(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	var seen testserver.Recorder
	realm := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) }))
	defer realm.Close()
	server := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("127.0.0.1"))}}, bearerRegistry(realm.URL+"/auth/token"))
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+server.URL+
		"\n  http: {tls_config: {ca_file: "+ca.File(t)+"}, basic_auth: {username: monitor, password: right-password}}\n")
	got := e.scrape(t)
	got.wantReason(t, source.ReasonBadAnswer)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
	if n := len(seen.Requests()); n != 0 {
		t.Errorf("the realm saw %d requests, want none", n)
	}
}

func TestTokenIsAskedForWithServiceScopeAndTheRealmsOwnQuery(t *testing.T) {
	var seen testserver.Recorder
	realm := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) }))
	defer realm.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t" {
			openRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm.URL+`/token?account=a",service="the registry",scope="registry:catalog:*"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password: right-password}}\n")
	e.scrape(t).wantReason(t, "")
	requests := seen.Requests()
	if len(requests) != 1 {
		t.Fatalf("the realm saw %d requests, want 1", len(requests))
	}
	if got, want := requests[0].URL.String(), "/token?account=a&scope=registry%3Acatalog%3A%2A&service=the+registry"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if user, password, _ := requests[0].BasicAuth(); user != "monitor" || password != "right-password" {
		t.Errorf("got user %q and password %q", user, password)
	}
}

func TestPhasesAddUpToLessThanTheScrape(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	server := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("localhost"))}}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		openRegistry(w, r)
	})
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: https://localhost:"+port+"\n  http: {tls_config: {ca_file: "+ca.File(t)+"}}\n")
	got := e.scrape(t)
	got.wantReason(t, "")
	sum := 0.0
	for _, phase := range []string{"dns", "connect", "tls", "first_byte"} {
		seconds, there := got.value(t, `registry_api_phase_seconds{address="localhost:`+port+`",role="front",phase="`+phase+`"}`)
		if !there || phase != "dns" && seconds <= 0 {
			t.Errorf("phase %s: got %v (there: %t)", phase, seconds, there)
		}
		if phase == "first_byte" && seconds < 0.02 {
			t.Errorf("first_byte: got %v, the server took longer", seconds)
		}
		sum += seconds
	}
	if whole := got.results[0].Duration.Seconds(); sum > whole {
		t.Errorf("the phases take %v, longer than the whole: %v", sum, whole)
	}
}
