package msr

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	mirrorEnabled = source.Gauge("registry_msr_mirror_enabled",
		"1 if a mirroring policy of the repository is switched on; direction is poll (from elsewhere to here) or push (from here to elsewhere) (pollMirroringPolicies, pushMirroringPolicies: enabled).",
		"repository", "direction").Outside("repository")
	mirrorLastSuccess = source.Gauge("registry_msr_mirror_last_success_timestamp_seconds",
		"When the repository was last mirrored, in seconds since 1970: of several policies that are switched on the earliest; absent when one never was (lastMirroredAt).",
		"repository", "direction").Outside("repository")
	mirrorStatus = source.Gauge("registry_msr_mirror_status",
		"1 for how the last mirroring went: success, pending or failed; of several policies that are switched on the worst (lastStatus.code). A code that is not known counts as failed, unless the repository was mirrored at that time.",
		"repository", "direction", "status").Outside("repository")
	mirrorFailedInARow = source.Gauge("registry_msr_mirror_failed_in_a_row",
		"How many mirrorings of the repository have failed since the last one that did not, as far as this exporter has seen (lastStatus.timestamp).",
		"repository", "direction").Outside("repository")
	mirrorsTimestamp = source.Gauge("registry_msr_mirrors_last_run_timestamp_seconds",
		"When MSR was last asked for the mirroring policies, in seconds since 1970.", "address")
	mirrorsInterval = source.Gauge("registry_msr_mirrors_interval_seconds",
		"How often MSR is asked for the mirroring policies, in seconds.", "address")
)

// mirrorsEvery is from one run to the next. 200 repositories with two requests each take 400 seconds.
const mirrorsEvery = 15 * time.Minute

// maxPageStart bounds what MSR says of where its next page begins: it goes into a URL.
const maxPageStart = 1000

// mirrorPaths are the ends of paths, by direction.
var mirrorPaths = map[string]string{"poll": "/pollMirroringPolicies", "push": "/pushMirroringPolicies"}

// A mirrorer looks at the mirroring of repositories.
type mirrorer struct {
	*lister
	names []string // repositories and namespaces
	pace  time.Duration
	seen  mirrorMemory
}

// A mirrorMemory has the failures in a row by repository and direction. It outlives reloads. One run at a time uses it.
type mirrorMemory map[[2]string]mirrorFailures

// mirrorFailures are the failures of the mirroring of one repository.
type mirrorFailures struct {
	n    int
	last time.Time // when the last one was
}

// MirrorSources makes the probe of the collector msr_mirrors; none without msr.mirrors. The error is that of Sources.
func MirrorSources(b *ask.Builder) ([]*source.Source, error) {
	replicas, err := b.Replicas()
	if err != nil || replicas == nil || b.MSR.Mirrors == nil {
		return nil, err
	}
	m := &mirrorer{
		lister: &lister{replicas: replicas, every: mirrorsEvery, timeout: time.Duration(b.MSR.Timeout)},
		names:  b.MSR.Mirrors, pace: betweenRequests, seen: ask.Kept(b, func() mirrorMemory { return mirrorMemory{} }),
	}
	const most = config.MaxMSRRepositories*2*6 + 10 // six samples a direction
	s := &source.Source{Address: replicas[0].Address, Most: most, Words: m.walkWords(repositoriesPath+m.names[0], mirrorFindings)}
	return []*source.Source{b.Probe(&source.Probe{Every: m.every, Run: m.run}, s, m.names)}, nil
}

// run asks for the policies of each repository.
func (m *mirrorer) run(ctx context.Context) source.Run {
	w := m.newWalk(m.pace)
	for _, repository := range m.repositories(ctx, w) {
		for _, direction := range []string{"poll", "push"} {
			if !w.ask(ctx, repositoriesPath+repository+mirrorPaths[direction], func(a *ask.Answer) (listed, error) {
				policies, err := parsePolicies(a.Body)
				return listed{samples: m.seen.samples(policies, repository, direction)}, err
			}) {
				return w.end(ctx, mirrorsTimestamp, mirrorsInterval)
			}
		}
	}
	return w.end(ctx, mirrorsTimestamp, mirrorsInterval)
}

// repositories are those of the configuration, and those in its namespaces; config.MaxMSRRepositories at most.
func (m *mirrorer) repositories(ctx context.Context, w *walk) []string {
	var all []string
	for _, name := range m.names {
		if strings.Contains(name, "/") {
			all = append(all, name)
			continue
		}
		start, goesOn := "", true
		for page := 0; goesOn && page < config.MaxMSRRepositories/100; page++ {
			query := "?pageSize=100&pageStart=" + url.QueryEscape(start)
			goesOn = w.ask(ctx, repositoriesPath+name+query, func(a *ask.Answer) (listed, error) {
				names, err := parseRepositories(a.Body)
				for _, repository := range names {
					all = append(all, name+"/"+repository)
				}
				start = a.Header.Get("X-Next-Page-Start")
				return listed{}, err
			}) && start != "" && len(start) <= maxPageStart
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), config.MaxMSRRepositories)]
}

// parseRepositories reads the names in {"repositories": [{"name": "app", …}, …]}. It leaves out names that no path has.
func parseRepositories(body []byte) ([]string, error) {
	var names []string
	name := ""
	err := readRows(body, "repositories", func() { name = "" }, func(d *decoder, key []byte) (err error) {
		if string(key) != "name" {
			return d.skip()
		}
		name, err = d.optionalText()
		return err
	}, func() error {
		if name == "" || name[0] == '.' || len(name) > source.MaxLabelBytes || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return errShape
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// A policy is one mirroring policy of a repository.
type policy struct {
	enabled  bool
	mirrored time.Time // zero: never
	code     string
	at       time.Time // of the code; zero: not known
}

// How the last mirroring went, the worst last.
const (
	mirrorSuccess = "success"
	mirrorPending = "pending"
	mirrorFailed  = "failed"
)

var mirrorOrder = []string{mirrorSuccess, mirrorPending, mirrorFailed}

// status is one of mirrorOrder. MSR documents no codes: an unknown one is a failure, unless the repository was mirrored just then.
func (p policy) status() string {
	switch strings.ToLower(p.code) {
	case "success", "succeeded", "ok", "done":
		return mirrorSuccess
	case "", "pending", "waiting", "queued", "running", "in_progress", "not_attempted":
		return mirrorPending
	}
	if !p.mirrored.IsZero() && p.at.Sub(p.mirrored).Abs() < time.Minute {
		return mirrorSuccess
	}
	return mirrorFailed
}

// parsePolicies reads [{"enabled": true, "lastMirroredAt": "…", "lastStatus": {"code": "…", "timestamp": "…"}}, …]; null is a
// list without policies.
func parsePolicies(body []byte) ([]policy, error) {
	d := &decoder{data: body}
	var all []policy
	if d.null() {
		return nil, d.end()
	}
	err := d.array(func() error {
		if len(all) >= maxRows {
			return source.Failed(source.ReasonTooLarge, "more than %d mirroring policies", maxRows)
		}
		return d.tolerate(func() error {
			var p policy
			err := d.object(func(key []byte) error { return d.tolerate(func() error { return p.field(d, key) }) })
			if err == nil {
				all = append(all, p)
			}
			return err
		})
	})
	if errors.Is(err, errShape) {
		return nil, source.Failed(source.ReasonBadAnswer, "not a JSON list of mirroring policies")
	}
	if err != nil {
		return all, err
	}
	return all, errors.Join(d.end(), d.oddities())
}

// field reads the value of a key of a policy.
func (p *policy) field(d *decoder, key []byte) (err error) {
	switch string(key) {
	case "enabled":
		p.enabled, err = d.boolean()
	case "lastMirroredAt":
		p.mirrored, err = d.optionalTime()
	case "lastStatus":
		if d.null() {
			return nil
		}
		return d.object(func(key []byte) (err error) {
			switch string(key) {
			case "code":
				p.code, err = d.optionalText()
			case "timestamp":
				p.at, err = d.optionalTime()
			default:
				err = d.skip()
			}
			return err
		})
	default:
		err = d.skip()
	}
	return err
}

// samples are about the policies of one repository in one direction; none without policies.
func (m mirrorMemory) samples(policies []policy, repository, direction string) []source.Sample {
	if len(policies) == 0 {
		return nil
	}
	policies = slices.DeleteFunc(policies, func(p policy) bool { return !p.enabled })
	samples := []source.Sample{mirrorEnabled.Sample(source.Bool01(len(policies) > 0), repository, direction)}
	if len(policies) == 0 {
		return samples
	}
	first := slices.MinFunc(policies, func(a, b policy) int { return a.mirrored.Compare(b.mirrored) })
	worst := slices.MaxFunc(policies, func(a, b policy) int {
		return slices.Index(mirrorOrder, a.status()) - slices.Index(mirrorOrder, b.status())
	})
	if !first.mirrored.IsZero() {
		samples = append(samples, mirrorLastSuccess.Sample(source.Unix(first.mirrored), repository, direction))
	}
	for _, status := range mirrorOrder {
		samples = append(samples, mirrorStatus.Sample(source.Bool01(status == worst.status()), repository, direction, status))
	}
	return append(samples, mirrorFailedInARow.Sample(float64(m.note([2]string{repository, direction}, worst)), repository, direction))
}

// note counts the failures in a row. A mirroring that is pending says nothing of the last one.
func (m mirrorMemory) note(about [2]string, p policy) int {
	known := m[about]
	switch status := p.status(); {
	case status == mirrorSuccess:
		delete(m, about)
		return 0
	case status == mirrorFailed && (known.n == 0 || !p.at.Equal(known.last)):
		if len(m) < 10*config.MaxMSRRepositories || known.n > 0 {
			m[about] = mirrorFailures{known.n + 1, p.at}
		}
		return known.n + 1
	}
	return known.n
}
