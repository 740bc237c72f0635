package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

var (
	replicationSeconds = source.Gauge("registry_replication_seconds",
		"How long it took, in seconds, until the last canary that arrived could be pulled whole at the site \"to\", by its tag.", "endpoint", "to")
	replicationSuccess = source.Gauge("registry_replication_last_success_timestamp_seconds",
		"When a canary was last found whole at the site \"to\", in seconds since 1970.", "endpoint", "to")
	replicationPending = source.Gauge("registry_replication_pending_seconds",
		"Age in seconds of the oldest canary since which none has arrived at the site \"to\"; 0 when the last one is there; absent when none was ever pushed.", "endpoint", "to")
	replicationFailure = source.Gauge("registry_replication_failure",
		"1 while the site \"to\" cannot be asked for the canary, with one of a closed list of reasons. That it is not there yet is no failure.", "endpoint", "to", "reason")
	replicationTimestamp = source.Gauge("registry_replication_timestamp_seconds",
		"When the sites were last looked at, in seconds since 1970.", "endpoint")
	replicationInterval = source.Gauge("registry_replication_interval_seconds",
		"Seconds from one canary to the next (every in the configuration), if the one before has arrived.", "endpoint")
)

const (
	canaries   = 32               // as many are pushed in turn, so that the store does not grow
	lookEvery  = 10 * time.Second // for the canary at the other sites
	maxPending = 24 * time.Hour   // after which the next is pushed all the same
)

// replication pushes a canary at one site and looks for it at the others. A run is short, since a canary may take
// hours: what is under way outlives it.
type replication struct {
	*ask.Account
	repository, name, tag string
	readOnlyAlert         string // the alert about a registry that refuses writes
	every                 time.Duration
	looks                 []time.Duration // waits between those of one run
	patience              time.Duration   // with one look
	sites                 []site
	kept                  keptUpload
	state                 *voyage
}

// A site is another one of the registry.
type site struct {
	*ask.Account
	name string
}

// A voyage is the canary under way, and what became of those before. Runs are never two at once: it needs no lock.
type voyage struct {
	number int // of the canary
	canary *canaryImage
	tried  time.Time // to push
	pushed time.Time // zero: nothing was
	err    error     // of the last push
	to     map[string]*arrival
}

// An arrival is what is known of one site.
type arrival struct {
	since time.Time // of the oldest canary since which none has come; zero: the last one has
	took  time.Duration
	at    time.Time // zero: none has come yet
	err   error     // of the last look; nil also when the canary is just not there yet
}

func ReplicationSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Replication == nil {
		return nil, nil
	}
	r, err := newReplication(b)
	if err != nil {
		return nil, err
	}
	clock := &source.Probe{Every: min(r.every, lookEvery), Timeout: pushTimeout, Run: r.replicate}
	return []*source.Source{b.Probe(clock, &source.Source{Endpoint: r.Endpoint, Words: r.words()}, r.repository)}, nil
}

func newReplication(b *ask.Builder) (*replication, error) {
	a, err := writingAccount(b)
	if err != nil {
		return nil, err
	}
	repository := b.Replication.Canary
	r := &replication{
		Account: a, repository: repository, readOnlyAlert: readOnlyAlert(b), name: b.Exporter, tag: tagOf("replication", b.Exporter),
		every: time.Duration(b.Replication.Every), patience: time.Duration(b.Timeout),
		looks: []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		kept:  newKeptUpload(b, repository),
	}
	if r.sites, err = otherSites(b); err != nil {
		return nil, err
	}
	r.state = ask.Kept(b, newVoyage, a.Endpoint, repository)
	return r, nil
}

// An otherSite error is not about the site that pushes, but about another.
type otherSite struct {
	error
	site string
}

func (e otherSite) Unwrap() error { return e.error }

func newVoyage() *voyage { return &voyage{number: -1, to: map[string]*arrival{}} }

// writingAccount is the one that pushes.
func writingAccount(b *ask.Builder) (*ask.Account, error) {
	if b.Push != nil {
		return ask.NewAccount(b, b.Push.HTTP, b.URL, "push", "http")
	}
	return ask.NewAccount(b, b.HTTP, b.URL, "http")
}

// otherSites are those of the same registry, each with the account that pulls there.
func otherSites(b *ask.Builder) ([]site, error) {
	var sites []site
	for _, there := range b.Others() {
		cfg, path := there.HTTP, []any{"http"}
		if there.Pull != nil {
			cfg, path = there.Pull.HTTP, []any{"pull", "http"}
		}
		a, err := ask.NewAccount(there, cfg, there.URL, path...)
		if err != nil {
			return nil, err
		}
		sites = append(sites, site{a, there.Site})
	}
	return sites, nil
}

func (r *replication) replicate(ctx context.Context) source.Run {
	var steps []source.Step
	if r.due() {
		steps = r.push(ctx)
	}
	for _, wait := range r.looks {
		if len(r.missing()) == 0 || !sleep(ctx, wait) {
			break
		}
		for _, s := range r.missing() {
			steps = append(steps, r.look(ctx, s))
		}
		if time.Since(r.state.pushed) > lookEvery { // it takes its time: once a run will do
			break
		}
	}
	samples, err := r.found()
	return source.Run{Samples: samples, Steps: steps, Err: err}
}

// due tells whether it is time for the next canary: not before the one under way is everywhere.
func (r *replication) due() bool {
	if time.Since(r.state.tried) < r.every {
		return false
	}
	return len(r.missing()) == 0 || time.Since(r.state.pushed) >= maxPending
}

// missing are the sites that have not got the canary yet.
func (r *replication) missing() []site {
	var sites []site
	for _, s := range r.sites {
		if a := r.state.to[s.name]; a != nil && !a.since.IsZero() {
			sites = append(sites, s)
		}
	}
	return sites
}

// push pushes the next canary.
func (r *replication) push(ctx context.Context) []source.Step {
	st := r.state
	if st.number < 0 { // we have just been started
		st.number = r.last(ctx)
	}
	number := (st.number + 1) % canaries
	canary := r.canary(number)
	st.number = number
	w := newWriter(r.Account, r.repository, r.kept)
	err := r.write(ctx, w, canary)
	if errors.Is(err, context.Canceled) { // we were told to stop: the next run tries again
		return w.steps
	}
	st.tried, st.err = time.Now(), err
	if err != nil {
		return w.steps
	}
	st.canary, st.pushed = canary, st.tried
	for _, s := range r.sites {
		a := st.to[s.name]
		if a == nil {
			a = &arrival{}
			st.to[s.name] = a
		}
		if a.since.IsZero() {
			a.since = st.pushed
		}
	}
	return w.steps
}

// write pushes a canary and cleans up after itself. All that it did is in w.steps then.
func (r *replication) write(ctx context.Context, w *writer, canary *canaryImage) error {
	w.cancelKept(ctx)
	defer w.cleanUp(ctx)
	return w.pushImage(ctx, canary, r.tag)
}

func (r *replication) canary(number int) *canaryImage {
	return newCanary(r.name, fmt.Sprintf("canary %d of %d", number, canaries))
}

// last is the number of the canary that the tag stands for now: a new one that is the same would seem to have
// arrived before it was sent.
func (r *replication) last(ctx context.Context) int {
	a, err := client.NewSession(r.Account).Fetch(ctx, r.repository, "manifests/"+r.tag, typeManifest)
	if err == nil {
		for number := range canaries {
			if r.canary(number).manifest.compare(a.Body) == nil {
				return number
			}
		}
	}
	return rand.N(canaries)
}

// look looks for the canary at a site.
func (r *replication) look(ctx context.Context, s site) source.Step {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	start, a := time.Now(), r.state.to[s.name]
	err := r.state.canary.isAt(ctx, client.NewSession(s.Account), r.repository, r.tag)
	if errors.Is(err, context.Canceled) {
		return source.Step{Name: "at " + s.name, Took: time.Since(start), Err: err}
	}
	found := source.Step{Name: "at " + s.name, Took: time.Since(start)}
	switch source.Reason(err) {
	case "":
		*a = arrival{took: time.Since(r.state.pushed), at: time.Now()}
		found.Note = fmt.Sprintf("arrived after %s", a.took.Round(time.Millisecond))
	case source.ReasonNotFound, source.ReasonMissingBlob, source.ReasonDigestMismatch, source.ReasonShortRead:
		a.err = nil
		found.Note = fmt.Sprintf("not there yet: %s", err)
	default:
		a.err = otherSite{fmt.Errorf("looking for the canary at %s: %w", s.name, err), s.name}
		found.Err = a.err
	}
	return found
}

// found is what is known now, of this run and those before.
func (r *replication) found() ([]source.Sample, error) {
	samples := []source.Sample{
		replicationTimestamp.Sample(source.Unix(time.Now()), r.Endpoint),
		replicationInterval.Sample(r.every.Seconds(), r.Endpoint),
	}
	err := r.state.err
	for _, s := range r.sites {
		a := r.state.to[s.name]
		if a == nil {
			continue
		}
		pending := time.Duration(0)
		if !a.since.IsZero() {
			pending = time.Since(a.since)
		}
		samples = append(samples, replicationPending.Sample(pending.Seconds(), r.Endpoint, s.name))
		if !a.at.IsZero() {
			samples = append(samples, replicationSeconds.Sample(a.took.Seconds(), r.Endpoint, s.name),
				replicationSuccess.Sample(source.Unix(a.at), r.Endpoint, s.name))
		}
		if a.err != nil {
			samples = append(samples, replicationFailure.Sample(1, r.Endpoint, s.name, source.Reason(a.err)))
		}
		switch {
		case err == nil:
			err = a.err
		case a.err != nil: // the first is what counts
			err = fmt.Errorf("%w; %s", err, a.err)
		}
	}
	return samples, err
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
