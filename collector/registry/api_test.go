package registry_test

import (
	"registry_exporter/collector/testserver"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"

	"github.com/go-kit/log"
)

// found is what a scrape found, by name{label="value",…} without the labels of the registry.
type found map[string]float64

func (e *collector.Exporter) scrapeNow(t testing.TB, collector string) found {
	t.Helper()
	all := found{}
	for _, r := range e.live.Load().registries {
		for _, l := range r.scrape(t.Context(), collector.maxScrape, func(c string) bool { return c == collector }, log.NewNopLogger()) {
			var labels []string
			for i, value := range l.Labels {
				labels = append(labels, fmt.Sprintf("%s=%q", l.Metric.Labels[i], value))
			}
			all[l.Metric.Name+"{"+strings.Join(labels, ",")+"}"] = l.Value
		}
	}
	return all
}

// value is that of the only sample that begins with prefix; ok is false when there is none.
func (f found) value(t testing.TB, prefix string) (value float64, ok bool) {
	t.Helper()
	for name, v := range f {
		if strings.HasPrefix(name, prefix) {
			if ok {
				t.Errorf("more than one sample begins with %s", prefix)
			}
			value, ok = v, true
		}
	}
	return value, ok
}

// wantSamples says that the only sample with each prefix has this value.
func (f found) wantSamples(t testing.TB, want map[string]float64) {
	t.Helper()
	for prefix, value := range want {
		if got, ok := f.value(t, prefix); !ok || got != value {
			t.Errorf("%s: got %v (there: %t), want %v", prefix, got, ok, value)
		}
	}
}

func (f found) wantNone(t testing.TB, prefixes ...string) {
	t.Helper()
	for _, prefix := range prefixes {
		if v, ok := f.value(t, prefix); ok {
			t.Errorf("%s: got %v, want no sample", prefix, v)
		}
	}
}

// wantReason says that the only source of the scrape failed for a reason, or did not when it is empty.
func (f found) wantReason(t testing.TB, want string) {
	t.Helper()
	got := ""
	for name := range f {
		if rest, is := strings.CutPrefix(name, "registry_collector_failure{"); is {
			_, rest, _ = strings.Cut(rest, `reason="`)
			got = strings.TrimSuffix(rest, `"}`)
		}
	}
	if got != want {
		t.Errorf("reason: got %q, want %q", got, want)
	}
	f.wantSamples(t, map[string]float64{"registry_collector_success{": source.Bool01(want == "")})
}

// openRegistry answers as a registry without auth does.
func openRegistry(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	fmt.Fprint(w, "{}")
}

// recorder keeps the requests that a server saw.
type recorder struct {
	mu   sync.Mutex
	seen []*http.Request
}

func (r *recorder) record(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req.Clone(req.Context()))
		r.mu.Unlock()
		next(w, req)
	}
}

func (r *recorder) requests() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// carrying counts the requests with any value in a header.
func (r *recorder) carrying(header string) (n int) {
	for _, req := range r.requests() {
		if req.Header.Get(header) != "" {
			n++
		}
	}
	return n
}

func TestBackendsAreAskedByTheNameOfTheFront(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	var seen recorder
	server := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("registry.invalid"))}}, seen.record(openRegistry))
	e := collectortest.New(t, `
registries:
- name: hub
  url: https://registry.invalid
  backends: [`+server.URL+`]
  http: {tls_config: {ca_file: `+ca.File(t)+`}}
`)
	got := e.scrapeNow(t, "api")
	endpoint := server.Listener.Addr().String()
	got.wantSamples(t, map[string]float64{
		`registry_api_up{endpoint="registry.invalid:443",role="front"}`:              0,
		`registry_api_up{endpoint="` + endpoint + `",role="backend"}`:                1,
		`registry_tls_verified{endpoint="` + endpoint + `",role="backend"}`:          1,
		`registry_collector_success{collector="api",endpoint="` + endpoint:           1,
		`registry_collector_success{collector="api",endpoint="registry.invalid:443"`: 0,
	})
	requests := seen.requests()
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
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+front.URL+"\n  backends: ["+well.URL+", http://"+down+"]\n")
	address := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	got := e.scrapeNow(t, "api")
	got.wantSamples(t, map[string]float64{
		`registry_api_up{endpoint="` + address(front) + `",role="front"}`:                      1,
		`registry_api_up{endpoint="` + address(well) + `",role="backend"}`:                     1,
		`registry_api_up{endpoint="` + down + `",role="backend"}`:                              0,
		`registry_collector_failure{collector="api",endpoint="` + down + `",reason="refused"}`: 1,
		`registry_collector_success{collector="api",endpoint="` + address(well) + `"}`:         1,
		`registry_api_status_code{endpoint="` + address(well) + `",role="backend"}`:            200,
		`registry_api_auth{endpoint="` + address(well) + `",role="backend",scheme="none"}`:     1,
		`registry_collector_success{collector="api",endpoint="` + address(front) + `"}`:        1,
		`registry_collector_success{collector="api",endpoint="` + down + `"}`:                  0,
	})
	got.wantNone(t, `registry_api_status_code{endpoint="`+down, `registry_api_auth{endpoint="`+down)
}

func TestCredentialsComeSecond(t *testing.T) {
	var seen recorder
	server := httptest.NewServer(seen.record(openRegistry))
	defer server.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password: right-password}}\n")
	e.scrapeNow(t, "api").wantReason(t, "")
	requests := seen.requests()
	if len(requests) != 2 || requests[0].Header.Get("Authorization") != "" || requests[1].Header.Get("Authorization") == "" {
		t.Errorf("want one request without and then one with credentials, got %d", len(requests))
	}
}

func TestPasswordIsNotSentToARealmWithoutTLS(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	var seen recorder
	realm := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) }))
	defer realm.Close()
	server := testserver.TLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames("127.0.0.1"))}}, bearerRegistry(realm.URL+"/auth/token"))
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+
		"\n  http: {tls_config: {ca_file: "+ca.File(t)+"}, basic_auth: {username: monitor, password: right-password}}\n")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, source.ReasonBadAnswer)
	got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
	if n := len(seen.requests()); n != 0 {
		t.Errorf("the realm saw %d requests, want none", n)
	}
}

// bearerRegistry wants a token of realm, whatever it is.
func bearerRegistry(realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			openRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func TestTokenIsAskedForWithServiceScopeAndTheRealmsOwnQuery(t *testing.T) {
	var seen recorder
	realm := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) }))
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
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password: right-password}}\n")
	e.scrapeNow(t, "api").wantReason(t, "")
	requests := seen.requests()
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
	e := collectortest.New(t, "registries:\n- name: hub\n  url: https://localhost:"+port+"\n  http: {tls_config: {ca_file: "+ca.File(t)+"}}\n")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, "")
	sum := 0.0
	for _, phase := range []string{"dns", "connect", "tls", "first_byte"} {
		seconds, there := got.value(t, `registry_api_phase_seconds{endpoint="localhost:`+port+`",role="front",phase="`+phase+`"}`)
		if !there || phase != "dns" && seconds <= 0 {
			t.Errorf("phase %s: got %v (there: %t)", phase, seconds, there)
		}
		if phase == "first_byte" && seconds < 0.02 {
			t.Errorf("first_byte: got %v, the server took longer", seconds)
		}
		sum += seconds
	}
	if whole, _ := got.value(t, "registry_collector_duration_seconds{"); sum > whole {
		t.Errorf("the phases take %v, longer than the whole: %v", sum, whole)
	}
}
