package registry

import (
	"registry_exporter/collector/testserver"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"
)

// twoSites are a registry at eqiad, which replicates to codfw, and what looks for the canary.
type twoSites struct {
	here, there *fakeRegistry
	exporter    *collector.Exporter
	probe       *source.Probe
	state       *voyage
}

func startSites(t *testing.T, here, there faults, more string) *twoSites {
	t.Helper()
	s := &twoSites{here: startFaulty(t, here), there: startFaulty(t, there)}
	s.restart(t, more)
	return s
}

// restart makes a new exporter, as a new process is.
func (s *twoSites) restart(t *testing.T, more string) {
	t.Helper()
	s.exporter = newPushExporter(t, "", s.config(more))
	s.use(t, func(r *replication) { r.looks = []time.Duration{0} })
}

func (s *twoSites) config(more string) string {
	return fmt.Sprintf(
		"registries:\n- name: hub\n  site: eqiad\n  url: http://%s\n  replication: {canary: monitoring/canary}\n- name: hub\n  site: codfw\n  url: http://%s\n%s",
		s.here.address(), s.there.address(), more)
}

// use finds the probe and sets it up for a test.
func (s *twoSites) use(t *testing.T, set func(*replication)) {
	t.Helper()
	b := ask.NewBuilder(s.exporter.live.Load().config, 0, s.exporter.opts.forBuilders(&s.exporter.lockout, source.NewKeep(nil)))
	b.Collector = "replication"
	r, err := newReplication(b)
	if err != nil {
		t.Fatal(err)
	}
	set(r)
	s.state = r.state
	s.probe = redis.storeSource(t, s.exporter, "replication").Probe
	s.probe.Run = r.run
}

func (s *twoSites) run(t *testing.T) source.Run {
	t.Helper()
	s.probe.Once(t.Context())
	return s.probe.track.result()
}

// wait lets time pass since what was done before.
func (s *twoSites) wait(d time.Duration) {
	s.state.tried, s.state.pushed = s.state.tried.Add(-d), s.state.pushed.Add(-d)
	for _, a := range s.state.to {
		if !a.since.IsZero() {
			a.since = a.since.Add(-d)
		}
	}
}

func TestReplicationPages(t *testing.T) {
	fails := saysStatus(http.StatusInternalServerError, "")
	for _, c := range []struct {
		name        string
		here, there faults
		arrives     bool
		reason      string // of the run
	}{
		{name: "arrived", arrives: true},
		{name: "pending"},
		{name: "blob_missing", there: faults{"GET blob": refuseWith(http.StatusNotFound, "BLOB_UNKNOWN")}, arrives: true},
		{name: "blob_cut_short", there: faults{"GET blob": saysStatus(http.StatusOK, "")}, arrives: true},
		{name: "old_canary", there: faults{"GET manifest": saysStatus(http.StatusOK, "{}")}, arrives: true},
		{name: "other_site_fails", there: faults{"GET manifest": fails}, arrives: true, reason: source.ReasonServerError},
		{name: "other_site_refuses_us", there: faults{"GET manifest": ask.refuse("Basic", "")}, arrives: true, reason: source.ReasonUnauthorized},
		{name: "push_fails", here: faults{"PUT manifest": fails}, reason: source.ReasonServerError},
		{name: "push_to_read_only", here: faults{"POST upload": saysStatus(http.StatusMethodNotAllowed, "")}, reason: source.ReasonReadOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSites(t, c.here, c.there, "")
			s.run(t)
			if c.arrives {
				s.here.copyTo(s.there)
				s.run(t)
			}
			if got := source.Reason(s.probe.track.result().Err); got != c.reason {
				t.Errorf("reason is %q, want %q", got, c.reason)
			}
			folder := filepath.Join("testdata", "replication", c.name)
			if collectortest.Update() {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			collectortest.ComparePage(t, folder, withoutTimes(s.exporter.testPage(t, "replication", map[string]string{s.here.address(): "registry.example.org:80"})))
		})
	}
}

// pendingFor is the age of the canary on the page.
func (s *twoSites) pendingFor(t *testing.T) time.Duration {
	t.Helper()
	for _, one := range s.probe.track.result().Samples {
		if one.Metric == replicationPending {
			return time.Duration(one.Value * float64(time.Second)).Round(time.Minute)
		}
	}
	t.Fatal("there is no pending canary")
	return 0
}

func TestReplicationThatLagsPushesNoMore(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 20 {
		s.run(t)
		s.wait(time.Hour)
	}
	s.run(t)
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed", n)
	}
	if d := s.pendingFor(t); d != 20*time.Hour {
		t.Errorf("pending for %s", d)
	}
	s.here.copyTo(s.there)
	s.run(t)
	if d := s.pendingFor(t); d != 0 {
		t.Errorf("pending for %s when it is there", d)
	}
	if d := s.state.to["codfw"].took.Round(time.Minute); d != 20*time.Hour {
		t.Errorf("it took %s", d)
	}
}

func TestReplicationThatIsDeadTriesAnotherCanary(t *testing.T) {
	s := startSites(t, nil, nil, "")
	s.run(t)
	s.wait(25 * time.Hour)
	s.run(t)
	if n := s.here.count("PUT manifest"); n != 2 {
		t.Errorf("%d canaries were pushed", n)
	}
	if d := s.pendingFor(t); d != 25*time.Hour {
		t.Errorf("pending for %s: the clock must not start anew", d)
	}
	s.here.copyTo(s.there)
	s.run(t)
	if d := s.pendingFor(t); d != 0 {
		t.Errorf("pending for %s when it is there", d)
	}
}

func TestReplicationWaitsForItsTime(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 3 {
		s.run(t)
		s.here.copyTo(s.there)
	}
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed", n)
	}
	asked := s.there.count("GET manifest")
	s.run(t)
	if n := s.there.count("GET manifest"); n != asked {
		t.Error("a canary that has arrived is looked for")
	}
	s.wait(11 * time.Minute)
	s.run(t)
	if n := s.here.count("PUT manifest"); n != 2 {
		t.Errorf("%d canaries were pushed after its time", n)
	}
}

func TestReplicationThatCouldNotPushTriesAgain(t *testing.T) {
	s := startSites(t, faults{"PUT manifest": saysStatus(http.StatusInternalServerError, "")}, nil, "")
	s.run(t)
	s.here.set(nil)
	if msr.wantReason(t, s.run(t).Err, source.ReasonServerError); s.here.count("PUT manifest") != 1 {
		t.Error("it tries again before its time")
	}
	s.wait(11 * time.Minute)
	if err := s.run(t).Err; err != nil {
		t.Error(err)
	}
}

func TestReplicationDoesNotGrow(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 2 * canaries {
		s.run(t)
		s.here.copyTo(s.there)
		s.run(t)
		s.wait(11 * time.Minute)
	}
	if n, want := len(s.here.stored()), 2*canaries+canaries+1; n != want { // two blobs and a manifest for each, and the tag
		t.Errorf("%d things are stored, want %d", n, want)
	}
}

// TestReplicationAfterARestart must not push what is already at the other site.
func TestReplicationAfterARestart(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 5 {
		s.run(t)
		before := s.state.number
		s.here.copyTo(s.there)
		s.restart(t, "")
		s.run(t)
		if s.state.number == before {
			t.Fatal("the same canary again")
		}
		if s.state.to["codfw"].since.IsZero() {
			t.Fatal("it has arrived before it was sent")
		}
	}
}

// TestReplicationAfterAReload must know what was pushed before.
func TestReplicationAfterAReload(t *testing.T) {
	s := &twoSites{here: startRegistry(t), there: startRegistry(t)}
	s.there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		s.there.set(nil)
		s.here.copyTo(s.there)
		s.there.ServeHTTP(w, r)
	}})
	e := newPushExporter(t, "", s.config(""))
	for range 2 {
		p := redis.storeSource(t, e, "replication").Probe
		p.Once(t.Context())
		if err := p.track.result().Err; err != nil {
			t.Error(err)
		}
		if err := e.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed, the second before its time", n)
	}
}

// That the push fails counts before what another site says.
func TestReplicationFailsHereAndElsewhere(t *testing.T) {
	away := source.Failed(source.ReasonTimeout, "no answer")
	r := &replication{Account: &ask.Account{Client: &ask.Client{Endpoint: "hub:443"}}, sites: []site{{name: "codfw"}}, state: &voyage{
		to: map[string]*arrival{"codfw": {err: otherSite{away, "codfw"}}},
	}}
	var other otherSite
	if _, err := r.found(); source.Reason(err) != source.ReasonTimeout || !errors.As(err, &other) || other.site != "codfw" {
		t.Errorf("only elsewhere: %v", err)
	}
	r.state.err = source.Failed(source.ReasonReadOnly, "status 405")
	if _, err := r.found(); source.Reason(err) != source.ReasonReadOnly || errors.As(err, &other) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("here and elsewhere: %v", err)
	}
}

func TestReplicationUsesTheAccountsOfThePulls(t *testing.T) {
	there := faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "pppppppp" {
			ask.refuse("Basic", "")(w, r)
			return
		}
		http.NotFound(w, r)
	}}
	s := startSites(t, nil, there, "  pull: {images: ['a:1'], http: {basic_auth: {username: mon, password: pppppppp}}}\n")
	if err := s.run(t).Err; err != nil {
		t.Error(err)
	}
}

func TestReplicationIsLookedForWhileItIsFresh(t *testing.T) {
	there := startRegistry(t)
	looks := 0
	s := &twoSites{here: startRegistry(t), there: there}
	s.restart(t, "")
	there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		if looks++; looks == 3 {
			there.set(nil)
			s.here.copyTo(there)
			there.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}})
	s.use(t, func(r *replication) { r.looks = []time.Duration{0, time.Millisecond, time.Millisecond, time.Hour} })
	s.run(t)
	if looks != 3 || s.state.to["codfw"].at.IsZero() {
		t.Errorf("%d looks", looks)
	}
}

func TestReplicationThatIsStoppedKnowsWhatItDid(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := startSites(t, nil, nil, "")
	s.there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) { stop(); testserver.Hang(w, r) }})
	s.probe.Once(ctx)
	s.there.set(nil)
	s.here.copyTo(s.there)
	if err := s.run(t).Err; err != nil || s.here.count("PUT manifest") != 1 || s.state.to["codfw"].at.IsZero() {
		t.Errorf("%v, %d canaries", err, s.here.count("PUT manifest"))
	}
}
