package msr

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// policyOf makes a policy that is switched on from its code, and from how many minutes before jobsNow it mirrored last and
// the code is from; below 0: never.
func policyOf(code string, mirrored, at int) policy {
	ago := func(minutes int) time.Time {
		if minutes < 0 {
			return time.Time{}
		}
		return jobsNow.Add(-time.Duration(minutes) * time.Minute)
	}
	return policy{true, ago(mirrored), code, ago(at)}
}

func TestHowTheLastMirroringWent(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy policy
		want   string
	}{
		{"success", policyOf("SUCCESS", 5, 5), mirrorSuccess},
		{"not tried yet", policyOf("", -1, -1), mirrorPending},
		{"under way", policyOf("Pending", 60, 1), mirrorPending},
		{"failed, and never mirrored", policyOf("REMOTE_UNAUTHORIZED", -1, 5), mirrorFailed},
		{"failed since it was mirrored", policyOf("REMOTE_UNAUTHORIZED", 60, 5), mirrorFailed},
		{"a code that is not known, mirrored just then", policyOf("FINE", 5, 5), mirrorSuccess},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.policy.status(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestMirroringsThatFailInARow(t *testing.T) {
	const failed = "REMOTE_UNAUTHORIZED"
	for _, c := range []struct {
		name     string
		readings []policy
		want     int
	}{
		{"one", []policy{policyOf(failed, -1, 60)}, 1},
		{"the same one seen again", []policy{policyOf(failed, -1, 60), policyOf(failed, -1, 60)}, 1},
		{"three", []policy{policyOf(failed, -1, 60), policyOf(failed, -1, 30), policyOf(failed, -1, 0)}, 3},
		{"one that is under way in between", []policy{policyOf(failed, -1, 60), policyOf("PENDING", -1, 30), policyOf(failed, -1, 0)}, 2},
		{"a success in between", []policy{policyOf(failed, -1, 60), policyOf("SUCCESS", 30, 30), policyOf(failed, 30, 0)}, 1},
		{"a success at the end", []policy{policyOf(failed, -1, 60), policyOf("SUCCESS", 30, 30)}, 0},
		{"switched off in between", []policy{policyOf(failed, -1, 60), {}, policyOf(failed, -1, 0)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, got := mirrorMemory{}, 0.
			for _, p := range c.readings {
				for _, s := range m.samples([]policy{p}, "team/app", "poll") {
					if s.Metric == mirrorFailedInARow {
						got = s.Value
					}
				}
			}
			if got != float64(c.want) {
				t.Errorf("%v, want %d", got, c.want)
			}
		})
	}
}

// mirrorerOf makes a mirrorer that asks a server without waiting between requests.
func mirrorerOf(t *testing.T, server string, names ...string) *mirrorer {
	t.Helper()
	return &mirrorer{lister: listerOf(t, server), names: names, seen: mirrorMemory{}}
}

func TestRepositoriesOfANamespaceAreBounded(t *testing.T) {
	var seen testserver.Recorder
	server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/big") {
			w.Header().Set("X-Next-Page-Start", "for ever")
			_, _ = w.Write([]byte(`{"repositories":[` + repeated(150, `{"name":"app-%d"}`) + `]}`))
			return
		}
		_, _ = w.Write([]byte("[]"))
	}))
	defer server.Close()
	run := mirrorerOf(t, server.URL, "big", "team/app").run(t.Context())
	wantReason(t, run.Err, "")
	lists, policies := 0, 0
	for _, r := range seen.Requests() {
		if strings.Contains(r.URL.Path, "MirroringPolicies") {
			policies++
		} else {
			lists++
		}
	}
	if lists != 2 || policies != 2*151 { // each page has the same names
		t.Errorf("%d lists, %d policies; want 2 and 302", lists, policies)
	}
}

// TestNamesThatAreNoRepository: they would go into a path.
func TestNamesThatAreNoRepository(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../../meta", "a/b", "App", "a b", "a%2fb", "a?b", strings.Repeat("x", source.MaxLabelBytes+1)} {
		names, err := parseRepositories([]byte(`{"repositories":[{"name":"` + name + `"},{"name":"app"}]}`))
		if wantReason(t, err, source.ReasonBadAnswer); !slices.Equal(names, []string{"app"}) {
			t.Errorf("%q: %q", name, names)
		}
	}
}

func TestAWalkEndsWhereAllWouldFail(t *testing.T) {
	for name, c := range map[string]struct {
		status, requests int
		reason           string
	}{
		"password refused":    {401, 1, source.ReasonUnauthorized},
		"one is not there":    {404, 4, source.ReasonNotFound},
		"one may not be read": {403, 4, source.ReasonForbidden},
		"broken":              {500, 4, source.ReasonServerError},
	} {
		t.Run(name, func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }))
			defer server.Close()
			run := mirrorerOf(t, server.URL, "team/app", "team/base").run(t.Context())
			wantReason(t, run.Err, c.reason)
			if n := len(seen.Requests()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		run := mirrorerOf(t, "http://127.0.0.1:1", "team/app", "team/base").run(t.Context())
		wantReason(t, run.Err, source.ReasonRefused)
		if strings.Contains(run.Err.Error(), "requests fail") {
			t.Errorf("it went on: %s", run.Err)
		}
	})
}

// TestRequestsAreASecondApart: each is checked by MSR's auth server.
func TestRequestsAreASecondApart(t *testing.T) {
	server := serveLists(t, nil)
	w := listerOf(t, server.URL).newWalk(300 * time.Millisecond)
	start := time.Now()
	for range 3 {
		w.ask(t.Context(), workersPath, func(*ask.Answer) (listed, error) { return listed{}, nil })
	}
	if took := time.Since(start); took < 600*time.Millisecond {
		t.Errorf("3 requests took %s", took)
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if w.ask(ended, workersPath, func(*ask.Answer) (listed, error) { return listed{}, nil }) || source.Reason(w.failures[0]) != source.ReasonTimeout {
		t.Errorf("it goes on when its time is over: %v", w.failures)
	}
}

func TestFindingsOfMirrors(t *testing.T) {
	s := jobSourcesOf(t, "  msr:\n")[0]
	find := func(samples ...source.Sample) (found []string) {
		for _, f := range mirrorFindings(&source.View{Now: jobsNow}, source.Result{Source: s, Samples: samples}) {
			found = append(found, f.Alert+": "+f.What)
		}
		return found
	}
	failed := mirrorStatus.Sample(1, "team/app", "push", mirrorFailed)
	well := []source.Sample{mirrorStatus.Sample(0, "team/base", "poll", mirrorFailed), mirrorLastSuccess.Sample(ago(time.Hour), "team/base", "poll"), mirrorLastSuccess.Sample(ago(900*time.Hour), "team/app", "push")}
	late := mirrorLastSuccess.Sample(ago(50*time.Hour), "team/app", "poll")
	if got := find(well...); got != nil {
		t.Errorf("%q", got)
	}
	want := []string{"MSRMirrorFails: the last mirroring failed of team/app (push)", "MSRMirrorFails: nothing was mirrored for more than 24 hours to team/app"}
	if got := find(append(well, failed, late)...); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
