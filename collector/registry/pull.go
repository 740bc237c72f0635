package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	pullSuccess = source.Gauge("registry_pull_success",
		"1 if the image could be pulled in the last run: token, manifest, config, and of each layer the last byte, with all digests and sizes right; and no blob of it was bad before, unless two runs in a row have seen it well since and it is not confirmed.",
		"endpoint", "role", "image")
	pullStep = source.Gauge("registry_pull_step_success",
		"1 if this step of the last pull was well: auth, manifest, config or layers; absent when it was not reached, and auth also when the registry did not answer or with an error of its own.",
		"endpoint", "role", "image", "step")
	pullFailure = source.Gauge("registry_pull_failure",
		"1 while a step fails, with one of the closed list of reasons; cache says if the answer came from a cache on the way (X-Cache-Status, X-Cache, Age): hit, miss, or none.",
		"endpoint", "role", "image", "step", "reason", "cache")
	pullStepSeconds = source.Gauge("registry_pull_step_seconds",
		"Seconds that this step of the last pull took. That of layers includes reading some in full.",
		"endpoint", "role", "image", "step")
	pullFirstByte = source.Gauge("registry_pull_first_byte_seconds",
		"Seconds from asking for the first layer, on a new connection, until its first byte came.",
		"endpoint", "role", "image")
	pullBytes = source.Gauge("registry_pull_bytes",
		"Bytes of config and layers that were read in the last run.", "endpoint", "role", "image")
	pullSpeed = source.Gauge("registry_pull_bytes_per_second",
		"Bytes per second of what was read of the config and of layers at a stretch of at least 256 KiB; absent in a run without any.",
		"endpoint", "role", "image")
	pullLayers = source.Gauge("registry_pull_layers",
		"Layers of the manifest that the registry has to have: without empty, doubled and foreign ones.",
		"endpoint", "role", "image")
	pullVerified = source.Gauge("registry_pull_layers_verified",
		"How many of them were read in full since the exporter started, and were what their digests say.",
		"endpoint", "role", "image")
	pullVerifiedTime = source.Gauge("registry_pull_layers_verified_timestamp_seconds",
		"When the last of them was, in seconds since 1970.", "endpoint", "role", "image")
	pullContentBad = source.Gauge("registry_pull_content_bad",
		"Blobs of the image that are missing, short or not what their digest says, while others were well; confirmed when it was so again later. They count until they are read well again.",
		"endpoint", "role", "image", "reason", "confirmed")
	pullTime = source.Gauge("registry_pull_timestamp_seconds",
		"When the last run ended, in seconds since 1970.", "endpoint", "role")
	pullInterval = source.Gauge("registry_pull_interval_seconds",
		"Seconds from one run to the next (pull.every in the configuration).", "endpoint", "role")
)

// A puller pulls images as clients do, from the front of a registry or from a backend.
type puller struct {
	*ask.Account
	role        string
	images      []*client.Image
	platform    string
	every       time.Duration
	maxBytes    int64
	rereadAfter time.Duration
	memory      *content
	buffer      []byte // of the run under way
}

// maxPull is how long a run may take at most: what hangs has to show, however seldom is pulled.
const maxPull = 5 * time.Minute

func PullSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Pull == nil {
		return nil, nil
	}
	front, err := newPullSource(b, b.URL, "front")
	sources := []*source.Source{front}
	if b.Pull.Backends {
		for _, u := range b.Backends {
			backend, backendErr := newPullSource(b, u, "backend")
			sources, err = append(sources, backend), errors.Join(err, backendErr)
		}
	}
	if err != nil {
		return nil, err
	}
	return sources, nil
}

func newPullSource(b *ask.Builder, u config.URL, role string) (*source.Source, error) {
	p, err := newPuller(b, u, role)
	if err != nil {
		return nil, err
	}
	s := &source.Source{Endpoint: p.Endpoint, Words: p.words()}
	for _, image := range p.images {
		s.Down = append(s.Down, pullSuccess.Sample(0, p.Endpoint, role, image.Name))
	}
	return b.Probe(&source.Probe{Every: p.every, Timeout: min(p.every, maxPull), Run: p.pullAll}, s, role, b.Pull.Images, b.Pull.Platform), nil
}

func newPuller(b *ask.Builder, u config.URL, role string) (*puller, error) {
	c := b.Pull
	a, err := ask.NewAccount(b, c.HTTP, u, "pull", "http")
	if err != nil {
		return nil, err
	}
	p := &puller{
		Account: a, role: role, platform: c.Platform, every: time.Duration(c.Every), maxBytes: int64(c.MaxBytes),
		rereadAfter: time.Duration(c.RereadAfter), buffer: make([]byte, 64<<10),
	}
	p.memory = ask.Kept(b, newContent, "content", role, p.Endpoint)
	for i, name := range c.Images {
		image, err := client.ParseImage(name)
		if err != nil {
			return nil, b.Errorf([]any{"pull", "images", i}, "%s", err)
		}
		p.images = append(p.images, image)
	}
	return p, nil
}

// pullAll is one run. It pulls all images, one after the other. Each has its part of what is left of three quarters of the time: one that
// hangs takes nothing from the others. The rest is for reading layers in full.
func (p *puller) pullAll(ctx context.Context) source.Run {
	looking, cancel := partOf(ctx, 3, 4)
	defer cancel()
	var visits []*visit
	for i, image := range p.images {
		v := &visit{puller: p, image: image, session: client.NewSession(p.Account), failed: map[digest.Digest]bool{}}
		own, cancel := partOf(looking, 1, len(p.images)-i)
		v.pull(own)
		cancel()
		p.memory.uses(v)
		visits = append(visits, v)
	}
	p.memory.forget(p.images)
	p.readInFull(ctx, visits)
	if errors.Is(ctx.Err(), context.Canceled) { // what was cut off teaches nothing
		return source.Run{Err: ctx.Err()}
	}
	return p.report(visits, time.Now())
}

// partOf ends after a part of the time that ctx has left.
func partOf(ctx context.Context, part, of int) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*time.Duration(part)/time.Duration(of))
}

// report says what was found, in this run and before.
func (p *puller) report(visits []*visit, now time.Time) source.Run {
	var findings []finding
	for _, v := range visits {
		findings = append(findings, v.findings...)
	}
	p.memory.settle(findings, now, p.rereadAfter)
	r := source.Run{Samples: []source.Sample{
		pullTime.Sample(source.Unix(now), p.Endpoint, p.role),
		pullInterval.Sample(p.every.Seconds(), p.Endpoint, p.role),
	}}
	failing := 0
	for _, v := range visits {
		v.recall(now)
		r.Samples = append(r.Samples, v.samples()...)
		for _, s := range v.steps {
			r.Steps = append(r.Steps, source.Step{Name: v.image.Name + " " + s.Name, Took: s.Took, Err: s.Err, Note: s.Note})
		}
		if err := v.err(); err != nil {
			r.Err = firstError(r.Err, err)
			failing++
		}
	}
	if failing > 1 {
		r.Err = fmt.Errorf("%d of %d images fail, the first: %w", failing, len(visits), r.Err)
	}
	return r
}

// recall makes steps fail in which something is bad that this run has not seen so.
func (v *visit) recall(now time.Time) {
	for i := range v.steps {
		v.steps[i].Err = firstError(v.steps[i].Err, v.memory.remembered(v.image.Name, v.steps[i].Name, now))
	}
	if v.lookedAtLayers() {
		v.steps[len(v.steps)-1].Note = v.layersText()
	}
}

// err is that of the first step that failed.
func (v *visit) err() error {
	for _, s := range v.steps {
		if s.Err != nil {
			return fmt.Errorf("%s: %s: %w", v.image.Name, s.Name, s.Err)
		}
	}
	return nil
}

func (v *visit) samples() []source.Sample {
	about := func(more ...string) []string { return append([]string{v.Endpoint, v.role, v.image.Name}, more...) }
	all := []source.Sample{pullSuccess.Sample(source.Bool01(v.err() == nil), about()...)}
	for _, s := range v.steps {
		all = append(all,
			pullStep.Sample(source.Bool01(s.Err == nil), about(s.Name)...),
			pullStepSeconds.Sample(s.Took.Seconds(), about(s.Name)...))
		if s.Err != nil {
			all = append(all, pullFailure.Sample(1, about(s.Name, source.Reason(s.Err), cacheOfError(s.Err))...))
		}
	}
	all = append(all, v.memory.badSamples(about()...)...)
	if v.manifest == nil {
		return all
	}
	n, last := v.memory.verified(v.image.Name)
	all = append(all,
		pullBytes.Sample(float64(v.bytes), about()...),
		pullLayers.Sample(float64(len(v.layers)), about()...),
		pullVerified.Sample(float64(n), about()...))
	if n > 0 {
		all = append(all, pullVerifiedTime.Sample(source.Unix(last), about()...))
	}
	if v.firstByte > 0 {
		all = append(all, pullFirstByte.Sample(v.firstByte.Seconds(), about()...))
	}
	if v.speed.took > 0 {
		all = append(all, pullSpeed.Sample(float64(v.speed.bytes)/v.speed.took.Seconds(), about()...))
	}
	return all
}
