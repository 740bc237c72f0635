package registry

import (
	"context"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	replicationSeconds = source.Gauge("registry_replication_last_duration_seconds",
		"How long it took, in seconds, until the last canary that arrived could be pulled whole at the site \"to\", by its tag.", "address", "to")
	replicationSuccess = source.Gauge("registry_replication_last_success_timestamp_seconds",
		"When a canary was last found whole at the site \"to\", in seconds since 1970.", "address", "to")
	replicationPending = source.Gauge("registry_replication_pending_seconds",
		"Age in seconds of the oldest canary since which none has arrived at the site \"to\"; 0 when the last one is there; absent when none was ever pushed.", "address", "to")
	replicationFailure = source.Gauge("registry_replication_failure",
		"1 while the site \"to\" cannot be asked for the canary, with one of a closed list of reasons; digest_mismatch when the tag names an image there that was not pushed here. A canary that is not there yet is no failure.", "address", "to", "reason")
	replicationTimestamp = source.Gauge("registry_replication_last_run_timestamp_seconds",
		"When the sites were last looked at, in seconds since 1970.", "address")
	replicationInterval = source.Gauge("registry_replication_interval_seconds",
		"Seconds from one canary to the next (every in the configuration), if the one before has arrived.", "address")
)

const (
	canaries   = 32               // different canaries, pushed in turn: the repository grows no further
	checkEvery = 10 * time.Second // at the other sites; also the time from run to run
	maxPending = 24 * time.Hour   // for a canary that does not arrive; then the next one is pushed
)

// A replication pushes a canary at one site and checks at the other sites whether it has arrived. A canary may take hours
// and a run takes at most a minute, so the state goes on from run to run.
type replication struct {
	*ask.Account              // that pushes here
	repository, exporter, tag string
	readOnlyAlert             string          // name of the alert about a registry that refuses writes
	every                     time.Duration   // from one canary to the next
	checks                    []time.Duration // of one run: how long it waits before each
	checkTimeout              time.Duration   // of one check at one site
	sites                     []site
	kept                      keptUpload
	state                     *canaryState
}

// A site is another site of the same registry, with the account that pulls there.
type site struct {
	*ask.Account
	name string
}

// A canaryState is the canary under way and the outcome of earlier ones. It outlives runs and reloads. One run at a time
// uses it.
type canaryState struct {
	number int // of the canary under way, 0 to 31; -1: none since the start
	canary *canaryImage
	tried  time.Time // when a push last ended
	pushed time.Time // when a push last succeeded; zero: none since the start
	err    error     // of the last push
	sites  map[string]*siteState
}

// A siteState is the state of replication to one other site.
type siteState struct {
	since time.Time     // when the oldest canary was pushed that has not arrived; zero: the last one has
	took  time.Duration // from the push until the last canary had arrived
	at    time.Time     // when it had arrived; zero: none has yet
	err   error         // of the last check; nil also when the canary has just not arrived
}

func newCanaryState() *canaryState {
	return &canaryState{number: -1, sites: map[string]*siteState{}}
}

// ReplicationSources makes the probe of the collector replication. The error names the line of the configuration that is
// wrong.
func ReplicationSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Replication == nil {
		return nil, nil
	}
	r, err := newReplication(b)
	if err != nil {
		return nil, err
	}
	probe := &source.Probe{Every: min(r.every, checkEvery), Timeout: pushTimeout, Run: r.replicate}
	return []*source.Source{b.Probe(probe, &source.Source{Address: r.Address, Words: r.words()}, r.repository)}, nil
}

func newReplication(b *ask.Builder) (*replication, error) {
	a, err := pushAccount(b)
	if err != nil {
		return nil, err
	}
	repository := b.Replication.Canary
	r := &replication{
		Account: a, repository: repository, readOnlyAlert: readOnlyAlert(b), exporter: b.Exporter, tag: tagOf("replication", b.Exporter),
		every: time.Duration(b.Replication.Every), checkTimeout: time.Duration(b.Timeout),
		checks: []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		kept:   newKeptUpload(b, repository),
	}
	if r.sites, err = otherSites(b); err != nil {
		return nil, err
	}
	r.state = ask.Kept(b, newCanaryState, a.Address, repository)
	return r, nil
}

// pushAccount returns the account of the push probe or, without one, the account that asks /v2/.
func pushAccount(b *ask.Builder) (*ask.Account, error) {
	if b.Push != nil {
		return ask.NewAccount(b, b.Push.HTTP, b.URL, "push", "http")
	}
	return ask.NewAccount(b, b.HTTP, b.URL, "http")
}

// otherSites returns the other sites of the same registry, each with the account of its pull probe or, without one, the
// account that asks its /v2/.
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

// replicate is one run. It pushes the next canary when that is due, and checks where the canary under way has arrived. It
// checks 0, 1, 3, 7 and 15 s after the push. For a canary older than 10 s it checks once in a run.
func (r *replication) replicate(ctx context.Context) source.Run {
	var steps []source.Step
	if r.isDue() {
		steps = r.push(ctx)
	}
	for _, wait := range r.checks {
		if len(r.pendingSites()) == 0 || !sleep(ctx, wait) {
			break
		}
		for _, s := range r.pendingSites() {
			steps = append(steps, r.check(ctx, s))
		}
		if time.Since(r.state.pushed) > checkEvery {
			break
		}
	}
	samples, err := r.result()
	return source.Run{Samples: samples, Steps: steps, Err: err}
}

// pendingSites returns the sites at which the canary has not arrived.
func (r *replication) pendingSites() []site {
	var sites []site
	for _, s := range r.sites {
		if st := r.state.sites[s.name]; st != nil && !st.since.IsZero() {
			sites = append(sites, s)
		}
	}
	return sites
}

// sleep waits for d. It returns false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
