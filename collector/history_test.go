package collector

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// A guarded registry takes the password of monitor, until a test makes it refuse it.
type guarded struct {
	*httptest.Server
	changed atomic.Bool
}

func startGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "" || g.changed.Load() || password != "password-of-monitor" {
			w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		testserver.OpenRegistry(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// options returns the options of an exporter of g, with lines about its account.
func (g *guarded) options(t *testing.T, account string) Options {
	t.Helper()
	text := configOfHub(g.URL, "  http: {basic_auth: {username: monitor, "+account+"}}\n")
	return Options{ConfigFile: testserver.TempFile(t, "registry_exporter.yml", []byte(text)), Registries: true, Logger: log.NewNopLogger()}
}

// start makes an exporter of g with a state folder.
func (g *guarded) start(t *testing.T, stateDir, account string) *Exporter {
	t.Helper()
	opts := g.options(t, account)
	opts.StateDir = stateDir
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

const account = "password: password-of-monitor"

// blamed returns the alert that the report names for a failed login, and whether the page says that it worked before.
func blamed(t *testing.T, e *Exporter) (alert string, workedBefore bool) {
	t.Helper()
	_, page := testserver.Ask(t, e.ServeProbe, "/probe?registry=hub")
	checked, err := e.Check(t.Context(), nil, func(Ended) {})
	if err != nil || len(checked.Registries) != 1 {
		t.Fatalf("%v: %+v", err, checked)
	}
	for _, f := range checked.Registries[0].Findings {
		alert = f.Alert
	}
	return alert, strings.Contains(page, `registry_collector_worked_before{`)
}

func wantBlamed(t *testing.T, e *Exporter, want string) {
	t.Helper()
	if alert, before := blamed(t, e); alert != want || before != (want == "RegistryLoginFails") {
		t.Errorf("%s, worked before: %t; want %s", alert, before, want)
	}
}

func TestARefusalOfWhatWasTakenBeforeIsNoFaultOfOurs(t *testing.T) {
	g, state := startGuarded(t), t.TempDir()
	e := g.start(t, state, account)
	wantBlamed(t, e, "")
	g.changed.Store(true)
	wantBlamed(t, e, "RegistryLoginFails")
	e.StopProbes()

	wantBlamed(t, g.start(t, state, account), "RegistryLoginFails") // by the next process
	checks := g.options(t, account)
	checks.StateFrom = state
	e, err := New(checks)
	if err != nil {
		t.Fatal(err)
	}
	wantBlamed(t, e, "RegistryLoginFails") // the command check, which writes nothing
	e.Stop()
	wantBlamed(t, g.start(t, state, "password: another"), source.CannotLook)
	wantBlamed(t, g.start(t, t.TempDir(), account), source.CannotLook)
	wantBlamed(t, g.start(t, "", account), source.CannotLook)
}

// Somebody writes another password into the exporter's file alone.
func TestAChangedPasswordFileIsAFaultOfOurs(t *testing.T) {
	g := startGuarded(t)
	file := testserver.TempFile(t, "password", []byte("password-of-monitor"))
	e := g.start(t, t.TempDir(), "password_file: "+file)
	wantBlamed(t, e, "")
	if err := os.WriteFile(file, []byte("typo"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantBlamed(t, e, source.CannotLook)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	wantBlamed(t, e, source.CannotLook)
}

func TestADamagedHistoryBeginsAnew(t *testing.T) {
	g, state := startGuarded(t), t.TempDir()
	for _, text := range []string{"", "{}", "sha256:0\n{}", `{"key":"AAAA","sources":null}`} {
		if err := os.WriteFile(filepath.Join(state, historyFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		g.changed.Store(false)
		e := g.start(t, state, account)
		wantBlamed(t, e, "")
		g.changed.Store(true)
		wantBlamed(t, e, "RegistryLoginFails")
	}
}

func TestTheHistoryShowsNothing(t *testing.T) {
	g, state := startGuarded(t), t.TempDir()
	e := g.start(t, state, account)
	wantBlamed(t, e, "")
	e.StopProbes()
	file := filepath.Join(state, historyFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hub", "password", "monitor", "127.0.0.1", "api"} {
		if strings.Contains(string(text), word) {
			t.Errorf("the history has %q: %s", word, text)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatWorkedLongAgoIsForgotten(t *testing.T) {
	h := newHistory(Options{StateDir: t.TempDir(), Logger: log.NewNopLogger()})
	past := h.of(func() []string { return []string{"configuration"} }, "hub", "", "api", "registry.example.org:443")
	now := time.Now()
	past.Note(now.Add(-source.Remembered + time.Hour))
	if !past.Worked(now) || past.Worked(now.Add(2*time.Hour)) {
		t.Errorf("worked within 30 days: %t; after 30 days: %t", past.Worked(now), past.Worked(now.Add(2*time.Hour)))
	}
	past.Note(now.Add(-source.Remembered - time.Hour))
	h.stop()
	if n := len(h.kept.Sources); n != 0 {
		t.Errorf("%d sources are kept", n)
	}
}

// A success in the future comes from a wrong clock, or from somebody who wrote the file. It must not count for ever.
func TestASuccessInTheFutureDoesNotCount(t *testing.T) {
	h := newHistory(Options{Logger: log.NewNopLogger()})
	past := h.of(func() []string { return nil }, "hub")
	now := time.Now()
	past.Note(now.Add(24 * time.Hour))
	if past.Worked(now) {
		t.Error("a success of tomorrow counts")
	}
}

// The disk hangs while a reading writes the file.
func TestAHistoryThatCannotBeWrittenHoldsUpNobody(t *testing.T) {
	h := newHistory(Options{StateDir: t.TempDir(), Logger: log.NewNopLogger()})
	past := h.of(func() []string { return nil }, "hub")
	h.writing.Lock()
	now := time.Now()
	past.Note(now) // the note is due to be written, and writing would wait for ever
	if !past.Worked(now) {
		t.Error("the success is not known")
	}
}
