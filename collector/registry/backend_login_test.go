package registry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// asking answers 401 with a challenge to whoever has no credentials, and keeps the requests.
func asking(t *testing.T, challenge string) (url string, seen *testserver.Recorder) {
	t.Helper()
	seen = &testserver.Recorder{}
	s := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
		if challenge != "" && r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		openRegistry(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, seen
}

func addressOf(url string) string { return strings.TrimPrefix(url, "http://") }

const adminLogin = "  http: {basic_auth: {username: admin, password: S3cretAdminPw}}\n"

// Somebody has taken over one of several backends.
func TestABackendThatAsksForThePasswordWhileTheFrontUsesTokensGetsNone(t *testing.T) {
	realm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"t"}`)) }))
	defer realm.Close()
	front, _ := asking(t, `Bearer realm="`+realm.URL+`/t"`)
	for collector, ask := range map[string]func(*collected, testing.TB) found{"api": (*collected).scrape, "pull": (*collected).run} {
		t.Run(collector, func(t *testing.T) {
			backend, seen := asking(t, `Basic realm="hub"`)
			e := collect(t, collector, "", "registries:\n- name: hub\n  url: "+front+"\n  backends: ["+backend+"]\n"+adminLogin+
				"  pull: {images: [\"library/base:1.0\"], backends: true}\n")
			ask(e, t).wantReasonAt(t, addressOf(backend), source.ReasonRealmRefused)
			if n := seen.Carrying("Authorization"); n != 0 || len(seen.Requests()) == 0 {
				t.Errorf("of %d requests to the backend %d have credentials", len(seen.Requests()), n)
			}
		})
	}
}

func TestABackendThatWantsNoLoginGetsNoPassword(t *testing.T) {
	front, _ := asking(t, `Basic realm="hub"`)
	backend, seen := asking(t, "")
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+front+"\n  backends: ["+backend+"]\n"+adminLogin)
	got := e.scrape(t)
	got.wantReasonAt(t, addressOf(backend), "")
	got.wantNone(t, `registry_api_authorized{address="`+addressOf(backend))
	if n := seen.Carrying("Authorization"); n != 0 {
		t.Errorf("%d requests to the backend have credentials", n)
	}
}

func TestABackendWithTheLoginOfTheFrontIsLetIn(t *testing.T) {
	front, _ := asking(t, `Basic realm="hub"`)
	backend, seen := asking(t, `Basic realm="hub"`)
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+front+"\n  backends: ["+backend+"]\n"+adminLogin)
	got := e.scrape(t)
	got.wantReasonAt(t, addressOf(backend), "")
	got.wantSamples(t, map[string]float64{`registry_api_authorized{address="` + addressOf(backend) + `",role="backend"}`: 1})
	if n := seen.Carrying("Authorization"); n != 1 {
		t.Errorf("%d requests to the backend have credentials", n)
	}
}

// The front is down, and the page says so of the front alone.
func TestABackendIsUpWhileTheFrontCannotSayHowItLetsIn(t *testing.T) {
	const front = "http://127.0.0.1:1"
	backend, seen := asking(t, `Bearer realm="http://127.0.0.1:1/t"`)
	e := collect(t, "api", "", "registries:\n- name: hub\n  url: "+front+"\n  backends: ["+backend+"]\n"+adminLogin)
	got := e.scrape(t)
	got.wantReasonAt(t, addressOf(front), source.ReasonRefused)
	got.wantReasonAt(t, addressOf(backend), source.ReasonRealmRefused)
	got.wantSamples(t, map[string]float64{`registry_api_up{address="` + addressOf(backend) + `",role="backend"}`: 1})
	got.wantNone(t, `registry_api_authorized{address="`+addressOf(backend), `registry_api_token_success{`, `registry_api_realm_refused{`)
	if n := seen.Carrying("Authorization"); n != 0 {
		t.Errorf("%d requests have credentials", n)
	}
}
