package registry

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

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
		{name: "another_image", there: faults{"GET manifest": saysStatus(http.StatusOK, "{}")}, arrives: true, reason: source.ReasonDigestMismatch},
		{name: "other_site_fails", there: faults{"GET manifest": fails}, arrives: true, reason: source.ReasonServerError},
		{name: "other_site_refuses_us", there: faults{"GET manifest": refuse("Basic", "")}, arrives: true, reason: source.ReasonUnauthorized},
		{name: "push_fails", here: faults{"PUT manifest": fails}, reason: source.ReasonServerError},
		{name: "push_to_read_only", here: faults{"POST upload": saysStatus(http.StatusMethodNotAllowed, "Method not allowed\n")}, reason: source.ReasonReadOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSites(t, c.here, c.there, "")
			s.runOnce(t)
			if c.arrives {
				s.here.copyTo(s.there)
				s.runOnce(t)
			}
			if got := source.Reason(s.last(t).Err); got != c.reason {
				t.Errorf("reason is %q, want %q", got, c.reason)
			}
			golden.ComparePage(t, filepath.Join("testdata", "replication", c.name), s.page(t, s.here.address(), "registry.example.org:80"))
		})
	}
}

// When the other site still has the canary before the one under way, the new one has just not arrived.
func TestReplicationOfTheNextCanary(t *testing.T) {
	s := startSites(t, nil, nil, "")
	s.runOnce(t)
	s.here.copyTo(s.there)
	s.runOnce(t)
	s.wait(time.Hour)
	if res := s.runOnce(t); res.Err != nil || !strings.Contains(noteOf(res, "at codfw"), "not there yet") {
		t.Errorf("%v, and the note is %q", res.Err, noteOf(res, "at codfw"))
	}
}

// Distribution answers 400 to who accepts OCI manifests alone when the tag names a manifest of Docker.
func TestReplicationOfACanaryThatAToolConverted(t *testing.T) {
	s := startSites(t, nil, faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(strings.Join(r.Header.Values("Accept"), ","), typeDockerManifest) {
			refuseWith(http.StatusBadRequest, "MANIFEST_INVALID")(w, r)
			return
		}
		saysStatus(http.StatusOK, "{}")(w, r)
	}}, "")
	s.runOnce(t)
	wantReason(t, s.last(t).Err, source.ReasonDigestMismatch)
}

// pendingFor is the age of the canary on the page.
func (s *twoSites) pendingFor(t *testing.T) time.Duration {
	t.Helper()
	for _, one := range s.last(t).Samples {
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
		s.runOnce(t)
		s.wait(time.Hour)
	}
	s.runOnce(t)
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed", n)
	}
	if d := s.pendingFor(t); d != 20*time.Hour {
		t.Errorf("pending for %s", d)
	}
	s.here.copyTo(s.there)
	s.runOnce(t)
	if d := s.pendingFor(t); d != 0 {
		t.Errorf("pending for %s when it is there", d)
	}
	if d := s.state.sites["codfw"].took.Round(time.Minute); d != 20*time.Hour {
		t.Errorf("it took %s", d)
	}
}

func TestReplicationThatIsDeadTriesAnotherCanary(t *testing.T) {
	s := startSites(t, nil, nil, "")
	s.runOnce(t)
	s.wait(25 * time.Hour)
	s.runOnce(t)
	if n := s.here.count("PUT manifest"); n != 2 {
		t.Errorf("%d canaries were pushed", n)
	}
	if d := s.pendingFor(t); d != 25*time.Hour {
		t.Errorf("pending for %s: the clock must not start anew", d)
	}
	s.here.copyTo(s.there)
	s.runOnce(t)
	if d := s.pendingFor(t); d != 0 {
		t.Errorf("pending for %s when it is there", d)
	}
}

func TestReplicationWaitsForItsTime(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 3 {
		s.runOnce(t)
		s.here.copyTo(s.there)
	}
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed", n)
	}
	asked := s.there.count("GET manifest")
	s.runOnce(t)
	if n := s.there.count("GET manifest"); n != asked {
		t.Error("a canary that has arrived is looked for")
	}
	s.wait(11 * time.Minute)
	s.runOnce(t)
	if n := s.here.count("PUT manifest"); n != 2 {
		t.Errorf("%d canaries were pushed after its time", n)
	}
}

func TestReplicationThatCouldNotPushTriesAgain(t *testing.T) {
	s := startSites(t, faults{"PUT manifest": saysStatus(http.StatusBadGateway, "")}, nil, "")
	s.runOnce(t)
	s.here.set(nil)
	if wantReason(t, s.runOnce(t).Err, source.ReasonServerError); s.here.count("PUT manifest") != 1 {
		t.Error("it tries again before its time")
	}
	s.wait(11 * time.Minute)
	if err := s.runOnce(t).Err; err != nil {
		t.Error(err)
	}
}

func TestReplicationReportsThatItCleansUpAfterAFailedPush(t *testing.T) {
	s := startSites(t, faults{"PUT upload": saysStatus(http.StatusInternalServerError, "")}, nil, "")
	var names []string
	for _, step := range s.runOnce(t).Steps() {
		names = append(names, step.Name)
	}
	if want := []string{"auth", "blobs", "cancel"}; !slices.Equal(names, want) {
		t.Errorf("the steps are %q, want %q", names, want)
	}
	if n := s.here.left(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestReplicationDoesNotGrow(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 2 * canaries {
		s.runOnce(t)
		s.here.copyTo(s.there)
		s.runOnce(t)
		s.wait(11 * time.Minute)
	}
	if n, want := len(s.here.stored()), 2*canaries+canaries+1; n != want { // two blobs and a manifest for each, and the tag
		t.Errorf("%d things are stored, want %d", n, want)
	}
}

// TestReplicationAfterARestart: the first push must not be of a canary that the other site has already.
func TestReplicationAfterARestart(t *testing.T) {
	s := startSites(t, nil, nil, "")
	for range 5 {
		s.runOnce(t)
		before := s.state.number
		s.here.copyTo(s.there)
		s.restart(t, "")
		s.runOnce(t)
		if s.state.number == before {
			t.Fatal("the same canary again")
		}
		if s.state.sites["codfw"].since.IsZero() {
			t.Fatal("it has arrived before it was sent")
		}
	}
}

// TestReplicationAfterAReload: the state of the canary under way is kept.
func TestReplicationAfterAReload(t *testing.T) {
	s := &twoSites{here: startRegistry(t), there: startRegistry(t)}
	s.there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		s.there.set(nil)
		s.here.copyTo(s.there)
		s.there.ServeHTTP(w, r)
	}})
	s.restart(t, "")
	for range 2 {
		s.reload(t)
		if err := s.runOnce(t).Err; err != nil {
			t.Error(err)
		}
	}
	if n := s.here.count("PUT manifest"); n != 1 {
		t.Errorf("%d canaries were pushed, the second before its time", n)
	}
}

// When the push fails and another site, too, the reason is that of the push.
func TestReplicationFailsHereAndElsewhere(t *testing.T) {
	away := source.Failed(source.ReasonTimeout, "no answer")
	r := &replication{Account: &ask.Account{Client: &ask.Client{Address: "hub:443"}}, sites: []site{{name: "codfw"}}, state: &canaryState{
		sites: map[string]*siteState{"codfw": {err: otherSiteError{away, "codfw"}}},
	}}
	var other otherSiteError
	if _, err := r.result(); source.Reason(err) != source.ReasonTimeout || !errors.As(err, &other) || other.site != "codfw" {
		t.Errorf("only elsewhere: %v", err)
	}
	r.state.err = source.Failed(source.ReasonReadOnly, "status 405")
	if _, err := r.result(); source.Reason(err) != source.ReasonReadOnly || errors.As(err, &other) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("here and elsewhere: %v", err)
	}
}

func TestReplicationUsesTheAccountsOfThePulls(t *testing.T) {
	there := faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "pppppppp" {
			refuse("Basic", "")(w, r)
			return
		}
		http.NotFound(w, r)
	}}
	s := startSites(t, nil, there, "  pull: {images: ['a:1'], http: {basic_auth: {username: mon, password: pppppppp}}}\n")
	if err := s.runOnce(t).Err; err != nil {
		t.Error(err)
	}
}

func TestReplicationIsCheckedForWhileItIsFresh(t *testing.T) {
	there := startRegistry(t)
	checks := 0
	s := &twoSites{here: startRegistry(t), there: there}
	s.restart(t, "")
	there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) {
		if checks++; checks == 3 {
			there.set(nil)
			s.here.copyTo(there)
			there.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}})
	s.check(t, 0, time.Millisecond, time.Millisecond, time.Hour)
	s.runOnce(t)
	if checks != 3 || s.state.sites["codfw"].at.IsZero() {
		t.Errorf("%d checks", checks)
	}
}

func TestReplicationThatIsStoppedKnowsWhatItDid(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := startSites(t, nil, nil, "")
	s.there.set(faults{"GET manifest": func(w http.ResponseWriter, r *http.Request) { stop(); testserver.Hang(w, r) }})
	s.once(ctx)
	s.there.set(nil)
	s.here.copyTo(s.there)
	if err := s.runOnce(t).Err; err != nil || s.here.count("PUT manifest") != 1 || s.state.sites["codfw"].at.IsZero() {
		t.Errorf("%v, %d canaries", err, s.here.count("PUT manifest"))
	}
}
