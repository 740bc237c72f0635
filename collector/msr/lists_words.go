package msr

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"registry_exporter/collector/source"
)

// words are the facts, findings and advice about the jobs of an MSR.
func (l *lister) words() source.Words {
	return source.Words{
		Place:    l.place,
		Facts:    jobFacts,
		Findings: l.findings,
		Advice: []source.Advice{
			{Reasons: source.ReasonForbidden, What: "the account may not read the jobs of MSR: only an admin may", Try: source.TryRequest},
			{Reasons: source.ReasonNotFound, What: "{address} does not know MSR's jobs: it is another version of MSR, or another service", Try: source.TryRequest},
			{Reasons: source.ReasonStateNotSaved, What: "the exporter cannot save in --state.dir which failed jobs it has counted, so it counts none: the disk is full, or it may not write there", Try: "df -h; ls -ld STATE_DIR   # on the exporter's machine"},
			containerFails,
		},
	}
}

// place is the replica whose answer failed, or else the first one.
func (l *lister) place(res source.Result) source.Place {
	path, failed := jobsPath, l.replicas[0]
	for _, s := range res.Steps() {
		if s.Err != nil {
			path = listPaths[s.Name]
			break
		}
	}
	var e *listError
	if errors.As(res.Err, &e) {
		failed = e.replica
	}
	return failed.At(path)
}

// listPaths are the paths of the lists, by step.
var listPaths = map[string]string{"jobs": jobsPath, "workers": workersPath, "crons": cronsPath, "scanner": scannerPath, "ca": caPath}

// jobFacts are such as "3 of 3 workers up", "garbage collection done 5 hours ago" and "scanner's database 2 days old".
func jobFacts(v *source.View, res source.Result) []string {
	var facts []string
	if workers := res.All(workerUp); len(workers) > 0 {
		facts = append(facts, fmt.Sprintf("%d of %s up", len(res.Where(workerUp, 1, "worker")), source.Plural(len(workers), "worker", "workers")))
	}
	if start, found := res.Value(jobsWindowStart); found {
		facts = append(facts, fmt.Sprintf("%s in %s", source.Plural(jobsOf(res, ""), "job", "jobs"), source.Span(v.Now.Sub(source.UnixTime(start)))))
	}
	for _, action := range gcActions {
		if at, done := valueOf(res, jobLastSuccess, action); done {
			facts = append(facts, action+" done "+source.Span(v.Now.Sub(source.UnixTime(at)))+" ago")
		}
	}
	switch enabled, found := res.Value(scannerEnabled); {
	case !found:
	case enabled == 0:
		facts = append(facts, "scanning is off")
	default:
		if at, found := res.Value(scannerDBTime); found {
			facts = append(facts, "scanner's database "+source.Span(v.Now.Sub(source.UnixTime(at)))+" old")
		}
	}
	if signed, found := res.Value(caSigned); found && signed == 0 {
		facts = append(facts, "another CA than that at /ca signed what it serves")
	}
	return facts
}

// gcActions are the actions of a garbage collection: of one that makes MSR read-only meanwhile, and of one that does not.
var gcActions = []string{"gc", "onlinegc"}

// valueOf is the value of a metric whose only label is the action.
func valueOf(res source.Result, m *source.Metric, action string) (value float64, found bool) {
	for _, s := range res.All(m) {
		if s.Label("action") == action {
			return s.Value, true
		}
	}
	return 0, false
}

// jobsOf counts the jobs with a status; empty: all.
func jobsOf(res source.Result, status string) int {
	n := 0.
	for _, s := range res.All(jobsByStatus) {
		if status == "" || s.Label("status") == status {
			n += s.Value
		}
	}
	return int(n)
}

// findings are about workers, jobs that wait, garbage collections, and the scanner.
func (l *lister) findings(v *source.View, res source.Result) []source.Finding {
	return slices.Concat(workerFindings(res), waitingFindings(v, res), l.gcFindings(v, res), l.scannerFindings(v, res))
}

// try is the command that asks the first replica for a path.
func (l *lister) try(path string) string { return l.replicas[0].At(path).Fill(source.TryRequest) }

// tryJobrunner looks at the container of a worker.
const tryJobrunner = "docker ps -a --filter name=dtr-jobrunner-   # on the node of each replica"

func workerFindings(res source.Result) []source.Finding {
	dead, all := res.Where(workerUp, 0, "worker"), len(res.All(workerUp))
	if len(dead) == 0 {
		return nil
	}
	what := fmt.Sprintf("%d of %s dead: %s; the others do its jobs", len(dead), source.Plural(all, "worker", "workers"), source.FirstFew(dead))
	if len(dead) == all {
		what = "no worker of MSR is alive, so no job runs: no garbage collection, no mirroring, no scan, no webhook"
	}
	return []source.Finding{{State: source.StateWarning, Alert: "MSRWorkerDead", What: what, Try: tryJobrunner}}
}

// waitingFindings are about jobs that wait while no other job runs, or a worker is dead, and about crons that are overdue.
func waitingFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	add := func(what string) {
		found = append(found, source.Finding{State: source.StateWarning, Alert: "MSRJobsWaiting", What: what, Try: tryJobrunner})
	}
	since, waits := res.Value(jobsOldestWaiting)
	running, dead := jobsOf(res, jobRunning), len(res.Where(workerUp, 0, "worker"))
	if age := v.Now.Sub(source.UnixTime(since)); waits && age > source.MsrJobWaiting {
		switch {
		case dead > 0:
			add(fmt.Sprintf("jobs of MSR have waited for up to %s, and %s dead", source.Span(age), source.Plural(dead, "worker is", "workers are")))
		case running == 0:
			add(fmt.Sprintf("jobs of MSR have waited for up to %s, and none runs", source.Span(age)))
		}
	}
	var overdue []string
	for _, s := range res.All(cronNextRun) {
		if v.Now.Sub(source.UnixTime(s.Value)) > source.MsrCronOverdue {
			overdue = append(overdue, s.Label("action"))
		}
	}
	if overdue != nil {
		add("MSR has not begun scheduled jobs that were due more than " + source.Span(source.MsrCronOverdue) + " ago: " + source.FirstFew(overdue))
	}
	return found
}

// gcFindings are about garbage collections that fail, or are late.
func (l *lister) gcFindings(v *source.View, res source.Result) []source.Finding {
	var found []source.Finding
	for _, action := range gcActions {
		what := ""
		failed, _ := valueOf(res, jobFailedInARow, action)
		done, known := valueOf(res, jobLastSuccess, action)
		interval, due := valueOf(res, cronInterval, action)
		late := time.Duration(interval)*time.Second + source.MsrGCLate
		switch age := v.Now.Sub(source.UnixTime(done)); {
		case failed >= source.MsrGCFailed:
			what = fmt.Sprintf("the last %.0f garbage collections of MSR failed (%s)", failed, action)
		case known && due && age > late:
			what = fmt.Sprintf("no garbage collection of MSR (%s) was done for %s, and there should be one every %s", action, source.Span(age), source.Span(late-source.MsrGCLate))
		default:
			continue
		}
		found = append(found, source.Finding{
			State: source.StateWarning, Alert: "MSRGarbageCollectionFails", What: what + ": the store fills",
			Try: l.try(lastJobsPath(action)),
		})
	}
	return found
}

// scannerFindings are about a vulnerability database that is old, or whose update failed.
func (l *lister) scannerFindings(v *source.View, res source.Result) []source.Finding {
	var what string
	at, known := res.Value(scannerDBTime)
	age := v.Now.Sub(source.UnixTime(at))
	switch failed := res.Where(scannerUpdateFailed, 1, "part"); {
	case known && age > source.MsrScannerAge:
		what = "the vulnerability database of MSR is " + source.Span(age) + " old: scans do not find what became known since"
	case len(failed) > 0:
		what = "the last update of MSR's vulnerability database failed (" + source.FirstFew(failed) + "): scans go on with the one before"
	default:
		return nil
	}
	return []source.Finding{{State: source.StateWarning, Alert: "MSRScannerOld", What: what, Try: l.try(lastJobsPath("update_vuln_db"))}}
}
