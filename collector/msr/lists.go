package msr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	listSuccess = source.Gauge("registry_msr_jobs_step_success",
		"1 if this list of MSR could be read in the last run: crons, jobs, workers, scanner, or its CA (ca); absent when it was not asked for, since no replica had answered.",
		"address", "step")
	listFailure = source.Gauge("registry_msr_jobs_failure",
		"1 while a list of MSR cannot be read, with one of a closed list of reasons.", "address", "step", "reason")
	listsTimestamp = source.Gauge("registry_msr_jobs_last_run_timestamp_seconds",
		"When the lists of MSR were last asked for, in seconds since 1970.", "address")
	listsInterval = source.Gauge("registry_msr_jobs_interval_seconds",
		"How often the lists of MSR are asked for, in seconds (msr.jobs.every).", "address")
)

// maxListsTime bounds a run, which asks each replica for four lists at most, its CA, and garbage collections.
const maxListsTime = 3 * time.Minute

// A lister asks an MSR for its jobs, workers, crons, scanner and CA, on a clock of its own: MSR asks its auth server about each
// request. All replicas answer from one database, so one of them is asked for each list, and the next one when it fails.
type lister struct {
	replicas []*ask.Client
	every    time.Duration // from one run to the next
	timeout  time.Duration // of one request
	memory   *jobMemory
	scanner  *scannerMemory
}

// JobSources makes the probe of the collector msr_jobs; none for a registry without msr, or with msr.jobs.every 0. The
// address is that of the first replica, which is asked first. The error is that of Sources.
func JobSources(b *ask.Builder) ([]*source.Source, error) {
	replicas, err := b.Replicas()
	if err != nil || replicas == nil || b.MSR.Jobs.Every == 0 {
		return nil, err
	}
	l := &lister{replicas: replicas, every: time.Duration(b.MSR.Jobs.Every), timeout: time.Duration(b.MSR.Timeout)}
	file := jobsFileOf(b)
	l.memory = ask.Kept(b, func() *jobMemory { return loadJobs(file) })
	l.scanner = ask.Kept(b, func() *scannerMemory { return &scannerMemory{} })
	s := &source.Source{Address: replicas[0].Address, Words: l.words()}
	return []*source.Source{b.Probe(&source.Probe{Every: l.every, Timeout: min(l.every, maxListsTime), Run: l.run}, s)}, nil
}

// A listRun is one run of a lister.
type listRun struct {
	*lister
	asked   []*ask.Client   // the replicas, the one first that answered last
	letIn   bool            // a list was read with the account in this run
	due     map[string]cron // by action: what is scheduled
	samples []source.Sample
	steps   []source.Step
}

// run asks for one list after the other. When no replica answers at all, it asks for no other list.
func (l *lister) run(ctx context.Context) source.Run {
	r := &listRun{lister: l, asked: slices.Clone(l.replicas)}
	for _, step := range []struct {
		name string
		read func(context.Context) (note string, err error)
	}{
		{"crons", r.readCrons}, {"jobs", r.readJobs}, {"workers", r.readWorkers}, {"scanner", r.readScanner}, {"ca", r.readCA},
	} {
		start := time.Now()
		note, err := step.read(ctx)
		r.note(source.Step{Name: step.name, Took: time.Since(start), Err: err, Note: note})
		if errors.Is(ctx.Err(), context.Canceled) { // the exporter stops
			return source.Run{Err: ctx.Err()}
		}
		if isUnanswered(err) {
			break
		}
	}
	address := l.replicas[0].Address
	r.samples = append(r.samples,
		listsTimestamp.Sample(source.Unix(time.Now()), address),
		listsInterval.Sample(l.every.Seconds(), address))
	return source.Run{Samples: r.samples, Steps: r.steps, Err: r.err()}
}

// note keeps a step and its samples.
func (r *listRun) note(s source.Step) {
	address := r.replicas[0].Address
	r.steps = append(r.steps, s)
	r.samples = append(r.samples, listSuccess.Sample(source.Bool01(s.Err == nil), address, s.Name))
	if s.Err != nil {
		r.samples = append(r.samples, listFailure.Sample(1, address, s.Name, source.Reason(s.Err)))
	}
	r.letIn = r.letIn || s.Err == nil
}

// err is the error of the first step that failed; nil: none has.
func (r *listRun) err() error {
	for _, s := range r.steps {
		if s.Err != nil {
			return fmt.Errorf("%s: %w", s.Name, s.Err)
		}
	}
	return nil
}

// get asks for a path with the account, and calls read with the answer, as send does.
func (r *listRun) get(ctx context.Context, path string, read func(*ask.Answer) (listed, error)) (listed, error) {
	return r.send(ctx, func(ctx context.Context, c *ask.Client) (*ask.Answer, error) {
		return c.GetJSON(ctx, c.Login, path, ask.MaxBody)
	}, read)
}

// send sends a request to a replica, and calls read with the answer. When a replica does not answer, or read returns an error, send asks
// the next one, unless the error is one that speaks for all of them. The samples that it returns are those of read without
// an error, or else of the first replica that answered. So is the error.
func (r *listRun) send(ctx context.Context, request func(context.Context, *ask.Client) (*ask.Answer, error), read func(*ask.Answer) (listed, error)) (listed, error) {
	var first *listError
	var part listed
	for i, c := range r.asked {
		found, err := r.sendTo(ctx, c, request, read)
		if err == nil {
			r.prefer(i)
			return found, nil
		}
		if speaksForAll(err.error) {
			return found, err
		}
		if first == nil || first.unanswered && !err.unanswered {
			first, part = err, found
		}
		if ctx.Err() != nil {
			break
		}
	}
	return part, first
}

// prefer makes replica i the first to be asked for the other lists of this run.
func (r *listRun) prefer(i int) {
	c := r.asked[i]
	r.asked = slices.Insert(slices.Delete(r.asked, i, i+1), 0, c)
}

// sendTo asks one replica.
func (r *listRun) sendTo(ctx context.Context, c *ask.Client, request func(context.Context, *ask.Client) (*ask.Answer, error), read func(*ask.Answer) (listed, error)) (listed, *listError) {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	a, err := request(limited, c)
	if a == nil {
		return listed{}, &listError{fmt.Errorf("asking %s: %w", c.Address, err), c, !speaksForAll(err)}
	}
	found, readErr := read(a)
	if err == nil || a.Status != http.StatusOK {
		err = readErr
	}
	if err != nil {
		return found, &listError{fmt.Errorf("reading the answer of %s: %w", c.Address, err), c, false}
	}
	return found, nil
}

// listed is what was read of a list.
type listed struct {
	samples []source.Sample
	note    string // for the step, such as "3 workers"
}

// A listError is why a list could not be read, and at which replica.
type listError struct {
	error
	replica    *ask.Client
	unanswered bool // no answer came, though the request was sent
}

func (e *listError) Unwrap() error { return e.error }

// isUnanswered says whether no replica has answered.
func isUnanswered(err error) bool {
	var e *listError
	return errors.As(err, &e) && e.unanswered
}

// speaksForAll says whether the other replicas would answer the same: they have one database and one auth server.
func speaksForAll(err error) bool {
	return slices.Contains([]string{
		source.ReasonUnauthorized, source.ReasonForbidden, source.ReasonNotFound, source.ReasonClientError, source.ReasonRateLimited,
	}, source.Reason(err))
}

// clockOf is the time at the replica that answered, from the header Date; that of this machine without one. Times in the
// answer are compared with it.
func clockOf(a *ask.Answer) time.Time {
	if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// readList asks for a list, and keeps its samples.
func (r *listRun) readList(ctx context.Context, path string, read func(*ask.Answer) (listed, error)) (note string, err error) {
	found, err := r.get(ctx, path, read)
	r.samples = append(r.samples, found.samples...)
	return found.note, err
}

// okOnly is read for an answer with status 200, and the refusal for any other.
func okOnly(read func(*ask.Answer) (listed, error)) func(*ask.Answer) (listed, error) {
	return func(a *ask.Answer) (listed, error) {
		if a.Status != http.StatusOK {
			return listed{}, a.Refusal()
		}
		return read(a)
	}
}
