package collector

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// A front that sends logins to another token server, in its own name, from some time on.
type hijacked struct {
	guarded
	thief     testserver.Recorder
	hijacked  atomic.Bool
	thiefAddr string
}

func startHijacked(t *testing.T) *hijacked {
	t.Helper()
	h := &hijacked{}
	thief := httptest.NewServer(h.thief.Record(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"tok"}`)) }))
	t.Cleanup(thief.Close)
	h.thiefAddr = "localhost" + thief.URL[strings.LastIndexByte(thief.URL, ':'):] // another name than that of the front
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"tok"}`)) }))
	t.Cleanup(own.Close)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		realm := own.URL
		if h.hijacked.Load() {
			realm = "http://" + h.thiefAddr
		}
		testserver.BearerRegistry(realm+"/t")(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func TestAFrontThatIsHijackedAroundARestartPages(t *testing.T) {
	h, state := startHijacked(t), t.TempDir()
	e := h.start(t, state, account)
	wantBlamed(t, e, "")
	e.StopProbes()
	h.hijacked.Store(true)
	e = h.start(t, state, account)
	wantBlamed(t, e, "RegistryLoginFails")
	_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub")
	for _, line := range []string{`reason="realm_refused"`, `registry_api_authorized{`, `realm="` + h.thiefAddr + `"`} {
		if !strings.Contains(page, line) {
			t.Errorf("the page has no %s", line)
		}
	}
	if n := len(h.thief.Requests()); n != 0 {
		t.Errorf("the thief saw %d requests", n)
	}
	wantBlamed(t, h.start(t, t.TempDir(), account), source.CannotLook)                // nothing is known of before
	wantBlamed(t, h.start(t, state, "password: another-password"), source.CannotLook) // another configuration
}

func TestARealmThatIsRefusedFromTheFirstRunOnIsATicket(t *testing.T) {
	h := startHijacked(t)
	h.hijacked.Store(true)
	e := h.start(t, t.TempDir(), account)
	for range 2 {
		wantBlamed(t, e, source.CannotLook)
	}
}

// Without a restart the exporter knows the token server that gave tokens.
func TestAFrontThatIsHijackedLaterPages(t *testing.T) {
	h := startHijacked(t)
	e := h.start(t, "", account)
	wantBlamed(t, e, "")
	h.hijacked.Store(true)
	if alert, _ := blamed(t, e); alert != "RegistryLoginFails" {
		t.Errorf("%s", alert)
	}
}
