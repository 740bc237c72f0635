package msr

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

// A listServer answers for one replica.
type listServer struct {
	*httptest.Server
	testserver.Recorder
}

// goodLists are answers with empty lists.
var goodLists = map[string]string{
	"/api/v0/jobs":             `{"jobs":[]}`,
	"/api/v0/workers":          `{"workers":[{"id":"a","status":"running"}]}`,
	"/api/v0/crons":            `{"crons":[]}`,
	"/api/v0/imagescan/status": `{"db_updated_at":"2026-03-01T11:00:00Z"}`,
}

// serveLists serves goodLists, and no CA. For the paths of instead it answers with that status.
func serveLists(t *testing.T, instead map[string]int) *listServer {
	s := &listServer{}
	s.Server = httptest.NewServer(s.Record(func(w http.ResponseWriter, r *http.Request) {
		if status, found := instead[r.URL.Path]; found {
			w.WriteHeader(status)
			return
		}
		answer, found := goodLists[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	return s
}

// everywhere is a status for all lists.
func everywhere(status int) map[string]int {
	all := map[string]int{}
	for path := range goodLists {
		all[path] = status
	}
	return all
}

// builderOf returns the builder of a registry at http://msr. more are lines of its configuration.
func builderOf(t *testing.T, more string) *ask.Builder {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	if err := os.WriteFile(file, []byte("registries:\n- name: hub\n  url: http://msr\n"+more), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return ask.NewBuilder(c, 0, ask.Options{Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)})
}

// listerOf makes a lister that asks one server.
func listerOf(t *testing.T, server string) *lister {
	t.Helper()
	replicas, err := builderOf(t, "  msr: {replicas: ["+server+"]}\n").Replicas()
	if err != nil {
		t.Fatal(err)
	}
	return &lister{replicas: replicas, every: time.Minute, timeout: time.Minute}
}

// jobSourcesOf returns the sources of the jobs of a registry. more are lines of its configuration.
func jobSourcesOf(t *testing.T, more string) []*source.Source {
	t.Helper()
	sources, err := JobSources(builderOf(t, more))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		s.Timeout = time.Minute
	}
	return sources
}

// runOnce runs the probe of the jobs once. options are those of msr.
func runOnce(t *testing.T, options string, more ...string) source.Result {
	t.Helper()
	s := jobSourcesOf(t, "  msr: {"+options+"}\n"+strings.Join(more, ""))[0]
	if !s.Probe.Once(t.Context()) {
		t.Fatal("the run was dropped")
	}
	return s.Get(t.Context(), time.Minute)
}

// failedSteps are such as "jobs forbidden".
func failedSteps(res source.Result) []string {
	var failed []string
	for _, s := range res.All(listFailure) {
		failed = append(failed, s.Label("step")+" "+s.Label("reason"))
	}
	return failed
}

func TestEachListIsAskedForOnceAtOneReplica(t *testing.T) {
	one, other := serveLists(t, nil), serveLists(t, nil)
	res := runOnce(t, "replicas: ["+one.URL+", "+other.URL+"]")
	wantReason(t, res.Err, "")
	var asked []string
	for _, r := range one.Requests() {
		asked = append(asked, r.URL.String())
		if r.Method != http.MethodGet || r.URL.Path != caPath && r.Header.Get("Accept") != "application/json" || r.Host != "msr" {
			t.Errorf("%s %s of %s, Accept %s", r.Method, r.URL, r.Host, r.Header.Get("Accept"))
		}
	}
	want := []string{"/api/v0/crons", "/api/v0/jobs?action=any&worker=any&running=any&start=0&limit=200", "/api/v0/workers", "/api/v0/imagescan/status", "/ca"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	if n := len(other.Requests()); n > 0 {
		t.Errorf("%d requests to the other replica", n)
	}
}

func TestTheNextReplicaIsAskedWhenOneFails(t *testing.T) {
	for name, status := range map[string]int{"database gone": 503, "broken": 500, "redirected": 302} {
		t.Run(name, func(t *testing.T) {
			one, other := serveLists(t, everywhere(status)), serveLists(t, nil)
			res := runOnce(t, "replicas: ["+one.URL+", "+other.URL+"]")
			wantReason(t, res.Err, "")
			if a, b := len(one.Requests()), len(other.Requests()); a != 1 || b != 5 {
				t.Errorf("%d requests to the first replica, %d to the other: want 1 and 5", a, b)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		other := serveLists(t, nil)
		wantReason(t, runOnce(t, "replicas: [http://127.0.0.1:1, "+other.URL+"]").Err, "")
	})
	t.Run("hangs", func(t *testing.T) {
		silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer silent.Close()
		other := serveLists(t, nil)
		wantReason(t, runOnce(t, "timeout: 300ms, replicas: ["+silent.URL+", "+other.URL+"]").Err, "")
	})
	t.Run("one list alone", func(t *testing.T) {
		one, other := serveLists(t, map[string]int{"/api/v0/workers": 500}), serveLists(t, nil)
		wantReason(t, runOnce(t, "replicas: ["+one.URL+", "+other.URL+"]").Err, "")
		if a, b := len(one.Requests()), len(other.Requests()); a != 3 || b != 3 {
			t.Errorf("%d requests to the first replica, %d to the other: want 3 and 3", a, b)
		}
	})
}

func TestARefusalIsThatOfAllReplicas(t *testing.T) {
	one, other := serveLists(t, map[string]int{"/api/v0/jobs": 403}), serveLists(t, nil)
	res := runOnce(t, "replicas: ["+one.URL+", "+other.URL+"]")
	wantReason(t, res.Err, source.ReasonForbidden)
	if got := failedSteps(res); !slices.Equal(got, []string{"jobs forbidden"}) {
		t.Errorf("failed: %q", got)
	}
	if n := len(other.Requests()); n > 0 {
		t.Errorf("%d requests to the other replica", n)
	}
	if up, found := res.Value(workerUp); !found || up != 1 {
		t.Error("the workers are not shown")
	}
}

func TestNoReplicaAnswers(t *testing.T) {
	res := runOnce(t, "replicas: [http://127.0.0.1:1, http://127.0.0.1:2]")
	wantReason(t, res.Err, source.ReasonRefused)
	if got := failedSteps(res); !slices.Equal(got, []string{"crons refused"}) {
		t.Errorf("failed: %q; the others are not asked for", got)
	}
	if request := res.Place().Fill(source.TryRequest); !strings.Contains(request, "127.0.0.1:1") {
		t.Errorf("the command is %s", request)
	}
}

func TestTheReplicaThatAnsweredIsNamed(t *testing.T) {
	other := serveLists(t, everywhere(403))
	res := runOnce(t, "replicas: [http://127.0.0.1:1, "+other.URL+"]")
	wantReason(t, res.Err, source.ReasonForbidden)
	address := strings.TrimPrefix(other.URL, "http://")
	if request := res.Place().Fill(source.TryRequest); !strings.Contains(request, address) || !strings.Contains(res.Err.Error(), address) {
		t.Errorf("the command is %s, the error %s; neither names %s", request, res.Err, address)
	}
}

// TestAWrongPasswordIsSentOnce: four lists at two replicas are eight ways to lock the account.
func TestAWrongPasswordIsSentOnce(t *testing.T) {
	one, other := serveLists(t, everywhere(401)), serveLists(t, everywhere(401))
	res := runOnce(t, "replicas: ["+one.URL+", "+other.URL+"], http: {basic_auth: {username: admin, password: wrong-password}}")
	wantReason(t, res.Err, source.ReasonUnauthorized)
	if n := one.Carrying("Authorization") + other.Carrying("Authorization"); n != 1 {
		t.Errorf("the password was sent %d times", n)
	}
	if got := len(failedSteps(res)); got != 4 {
		t.Errorf("%d lists failed, want 4", got)
	}
}

// TestGarbageCollectionsOfABusyMSR: 200 jobs may be those of some minutes.
func TestGarbageCollectionsOfABusyMSR(t *testing.T) {
	busy := repeated(jobsWindow, `{"id":"%d","action":"webhook","status":"done","scheduledAt":"2026-03-01T11:00:00Z"}`)
	for _, c := range []struct {
		name, crons, jobs string
		asked             bool
	}{
		{"scheduled, and not among the newest", "onlinegc", busy, true},
		{"scheduled, and among the newest", "onlinegc", busy + `,{"id":"gc","action":"onlinegc","status":"error","scheduledAt":"2026-03-01T09:00:00Z"}`, false},
		{"running", "onlinegc", busy + `,{"id":"gc","action":"onlinegc","status":"running","scheduledAt":"2026-03-01T09:00:00Z"}`, true},
		{"not scheduled", "license_update", busy, false},
		{"few jobs", "onlinegc", `{"id":"1","action":"webhook","status":"done"}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := goodLists[r.URL.Path]
				switch query := r.URL.Query(); {
				case r.URL.Path == caPath:
					http.NotFound(w, r)
					return
				case r.URL.Path == "/api/v0/crons":
					answer = `{"crons":[{"action":"` + c.crons + `","schedule":"@daily","nextRun":"2026-03-02T00:00:00Z"}]}`
				case query.Get("action") == "any":
					answer = `{"jobs":[` + c.jobs + `]}`
				case query.Get("action") == "onlinegc":
					asked++
					answer = `{"jobs":[{"id":"gc","action":"onlinegc","status":"running","scheduledAt":"2026-03-01T09:00:00Z"},
						{"id":"gc-1","action":"onlinegc","status":"error","scheduledAt":"2026-02-28T00:00:00Z"},
						{"id":"gc-0","action":"onlinegc","status":"done","scheduledAt":"2026-02-27T00:00:00Z"},{"id":"x","action":"webhook","status":"error"}]}`
				}
				_, _ = w.Write([]byte(answer))
			}))
			defer server.Close()
			res := runOnce(t, "replicas: ["+server.URL+"]")
			wantReason(t, res.Err, "")
			if (asked == 1) != c.asked || asked > 1 {
				t.Errorf("asked for them %d times", asked)
			}
			if n, _ := valueOf(res, jobFailedInARow, "onlinegc"); c.asked && n != 1 {
				t.Errorf("%v failed in a row, want 1", n)
			}
			if at, found := valueOf(res, jobLastSuccess, "onlinegc"); found != c.asked {
				t.Errorf("the last success is %v, there: %t", at, found)
			}
			if n := jobsOf(res, ""); n > jobsWindow+1 {
				t.Errorf("%d jobs are counted among the newest", n)
			}
		})
	}
}

func TestJobsCanBeSwitchedOff(t *testing.T) {
	for more, want := range map[string]int{"": 0, "  msr:\n": 1, "  msr: {jobs: {every: 0s}}\n": 0, "  msr: {jobs: {every: 0}}\n": 0, "  msr: {jobs: {every: 10m}}\n": 1, "  msr: {jobs: {}}\n": 1, "  msr: {jobs: }\n": 1} {
		if got := len(jobSourcesOf(t, more)); got != want {
			t.Errorf("%d sources with %q, want %d", got, more, want)
		}
	}
}

// TestWhatTheScannerSaidStaysDuringAnUpdate: MSR answers 403 meanwhile.
func TestWhatTheScannerSaidStaysDuringAnUpdate(t *testing.T) {
	instead := map[string]int{}
	server := serveLists(t, instead)
	s := jobSourcesOf(t, "  msr: {replicas: ["+server.URL+"]}\n")[0]
	s.Probe.Once(t.Context())
	instead["/api/v0/imagescan/status"] = http.StatusForbidden
	s.Probe.Once(t.Context())
	res := s.Get(t.Context(), time.Minute)
	wantReason(t, res.Err, "")
	if updating, _ := res.Value(scannerUpdating); updating != 1 {
		t.Error("it is not shown that the database is being updated")
	}
	if _, found := res.Value(scannerDBTime); !found {
		t.Error("the age of the database is not shown")
	}
}
