package msr

import (
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

// wordsOf returns the findings, as "ALERT: words", and the facts about samples of the jobs that were read at jobsNow.
func wordsOf(t *testing.T, samples ...source.Sample) (findings, facts []string) {
	t.Helper()
	s := jobSourcesOf(t, "  msr: {replicas: [http://10.0.0.11], http: {basic_auth: {username: admin, password: admin-password}}}\n")[0]
	v, res := &source.View{Now: jobsNow}, source.Result{Source: s, Samples: samples}
	for _, f := range s.Words.Findings(v, res) {
		if f.State != source.StateWarning || f.Try == "" {
			t.Errorf("%s is %s, the command %q", f.Alert, f.State, f.Try)
		}
		findings = append(findings, f.Alert+": "+f.What)
	}
	return findings, s.Words.Facts(v, res)
}

// ago is a time before jobsNow as metrics have it.
func ago(d time.Duration) float64 { return source.Unix(jobsNow.Add(-d)) }

func TestFindingsOfJobs(t *testing.T) {
	const day = 24 * time.Hour
	up, dead := workerUp.Sample(1, "a"), workerUp.Sample(0, "b")
	waiting := jobsOldestWaiting.Sample(ago(time.Hour))
	running := jobsByStatus.Sample(2, "webhook", "running")
	for _, c := range []struct {
		name    string
		samples []source.Sample
		want    []string
	}{
		{"nothing is known", nil, nil},
		{"all is well", []source.Sample{up, running, jobsOldestWaiting.Sample(ago(time.Minute)), jobLastSuccess.Sample(ago(day), "gc"), cronInterval.Sample(day.Seconds(), "gc"), cronNextRun.Sample(ago(-time.Hour), "gc"), scannerDBTime.Sample(ago(day)), scannerUpdateFailed.Sample(0, "database")}, nil},
		{"one worker of two", []source.Sample{up, dead}, []string{"MSRWorkerDead: 1 of 2 workers dead: b; the others do its jobs"}},
		{"all workers", []source.Sample{dead}, []string{"MSRWorkerDead: no worker of MSR is alive, so no job runs: no garbage collection, no mirroring, no scan, no webhook"}},
		{"jobs wait and none runs", []source.Sample{up, waiting}, []string{"MSRJobsWaiting: jobs of MSR have waited for up to 60 minutes, and none runs"}},
		{"jobs wait behind others", []source.Sample{up, waiting, running}, nil},
		{"jobs wait for a worker that is dead", []source.Sample{up, dead, waiting, running}, []string{"MSRWorkerDead: 1 of 2 workers dead: b; the others do its jobs", "MSRJobsWaiting: jobs of MSR have waited for up to 60 minutes, and 1 worker is dead"}},
		{"schedule that is not kept", []source.Sample{cronNextRun.Sample(ago(2*time.Hour), "poll_mirror"), cronNextRun.Sample(ago(30*time.Minute), "gc")}, []string{"MSRJobsWaiting: MSR has not begun scheduled jobs that were due more than 60 minutes ago: poll_mirror"}},
		{"two collections failed", []source.Sample{jobFailedInARow.Sample(2, "gc")}, nil},
		{"three collections failed", []source.Sample{jobFailedInARow.Sample(3, "onlinegc"), jobFailedInARow.Sample(9, "webhook")}, []string{"MSRGarbageCollectionFails: the last 3 garbage collections of MSR failed (onlinegc): the store fills"}},
		{"late collection", []source.Sample{jobLastSuccess.Sample(ago(9*day), "gc"), cronInterval.Sample(7*day.Seconds(), "gc")}, []string{"MSRGarbageCollectionFails: no garbage collection of MSR (gc) was done for 9 days, and there should be one every 7 days: the store fills"}},
		{"collection that is not scheduled", []source.Sample{jobLastSuccess.Sample(ago(90*day), "gc")}, nil},
		{"old database", []source.Sample{scannerDBTime.Sample(ago(8 * day)), scannerUpdateFailed.Sample(1, "database")}, []string{"MSRScannerOld: the vulnerability database of MSR is 8 days old: scans do not find what became known since"}},
		{"update that failed", []source.Sample{scannerDBTime.Sample(ago(day)), scannerUpdateFailed.Sample(1, "database")}, []string{"MSRScannerOld: the last update of MSR's vulnerability database failed (database): scans go on with the one before"}},
		{"scanning is off", []source.Sample{scannerEnabled.Sample(0)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := wordsOf(t, c.samples...); !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestFactsOfJobs(t *testing.T) {
	_, facts := wordsOf(t, workerUp.Sample(1, "a"), workerUp.Sample(0, "b"), jobsByStatus.Sample(150, "webhook", "done"), jobsByStatus.Sample(50, "webhook", "error"),
		jobsWindowStart.Sample(ago(3*time.Hour)), jobLastSuccess.Sample(ago(5*time.Hour), "onlinegc"), scannerEnabled.Sample(1), scannerDBTime.Sample(ago(50*time.Hour)))
	if want := []string{"1 of 2 workers up", "200 jobs in 3 hours", "onlinegc done 5 hours ago", "scanner's database 2 days old"}; !slices.Equal(facts, want) {
		t.Errorf("%q, want %q", facts, want)
	}
	if _, facts := wordsOf(t, caSigned.Sample(0)); !slices.Equal(facts, []string{"another CA than that at /ca signed what it serves"}) {
		t.Errorf("%q with another CA", facts)
	}
	if _, facts := wordsOf(t, scannerEnabled.Sample(0), caSigned.Sample(1)); !slices.Equal(facts, []string{"scanning is off"}) {
		t.Errorf("%q without a scanner", facts)
	}
}

// TestCommandAsksForTheListThatFailed: the command that people try sends the same request.
func TestCommandAsksForTheListThatFailed(t *testing.T) {
	server := serveLists(t, map[string]int{"/api/v0/workers": 403})
	res := runOnce(t, "replicas: ["+server.URL+"], http: {basic_auth: {username: admin, password: admin-password}}")
	command := res.Place().Fill(source.TryRequest)
	if !strings.HasSuffix(command, "-u admin http://msr/api/v0/workers") {
		t.Errorf("the command is %s", command)
	}
	if strings.Contains(command, "admin-password") {
		t.Error("it holds the password")
	}
}
