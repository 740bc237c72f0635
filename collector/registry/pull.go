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
		"1 if the image could be pulled in the last run: token, manifest, config, and of each layer the last byte (of a large one that the server sends as a whole only, the length), with all digests and sizes right; no blob of it was bad before, unless two runs in a row have seen it well since and it is not confirmed; and nothing is lost that an index names for other platforms, as far as it was asked for.",
		"address", "role", "image")
	pullStep = source.Gauge("registry_pull_step_success",
		"1 if this step of the last pull was well: auth, manifest, config, layers, or platforms (what an index names for other platforms: 10 requests a run, in turn); absent when it was not reached. It is also absent: auth, when the registry did not answer or with an error of its own; platforms, without an index and with cache: true.",
		"address", "role", "image", "step")
	pullFailure = source.Gauge("registry_pull_failure",
		"1 while a step fails, with one of the closed list of reasons; cache says if the answer came from a cache on the way (X-Cache-Status, X-Cache, Age): hit, miss, or none.",
		"address", "role", "image", "step", "reason", "cache")
	pullStepSeconds = source.Gauge("registry_pull_step_seconds",
		"Seconds that this step of the last pull took; layers includes reading some in full.",
		"address", "role", "image", "step")
	pullFirstByte = source.Gauge("registry_pull_first_byte_seconds",
		"Seconds from asking for the first layer, on a new connection, until its first byte came.",
		"address", "role", "image")
	pullBytes = source.Gauge("registry_pull_bytes",
		"Bytes of config and layers that were read in the last run.", "address", "role", "image")
	pullLayers = source.Gauge("registry_pull_layers",
		"Layers of the manifest that the registry has to have: without doubled and foreign ones.",
		"address", "role", "image")
	pullVerified = source.Gauge("registry_pull_layers_verified",
		"Layers of registry_pull_layers that were read in full since the exporter started, and were what their digests say.",
		"address", "role", "image")
	pullUnverified = source.Gauge("registry_pull_layers_unverified",
		"Layers of registry_pull_layers that no run has read in full since the exporter started, because the server sends layers as a whole only and pull.whole has no room for them or their turn has not come. registry_pull_success says nothing of their bytes.",
		"address", "role", "image")
	pullVerifiedTime = source.Gauge("registry_pull_layers_verified_timestamp_seconds",
		"When a layer was last read in full and was what its digest says, in seconds since 1970.", "address", "role", "image")
	pullContentBad = source.Gauge("registry_pull_content_bad",
		"Blobs of the image, and manifests and blobs of other platforms of its index, that are missing, short or not what their digest says, while others were well; confirmed when it was so again later. They count until they are read well again.",
		"address", "role", "image", "reason", "confirmed")
	pullTime = source.Gauge("registry_pull_last_run_timestamp_seconds",
		"When the last run ended, in seconds since 1970.", "address", "role")
	pullInterval = source.Gauge("registry_pull_interval_seconds",
		"Seconds from one run to the next (pull.every in the configuration).", "address", "role")
)

// A puller pulls images as clients do, from one address: the front of a registry or a backend.
type puller struct {
	*ask.Account
	role        string // front or backend
	images      []*client.Image
	platform    string        // of the image to take of an index, such as linux/amd64
	every       time.Duration // from one run to the next
	maxBytes    int64         // bytes of layers that one run may read in full
	whole       int64         // bytes of larger layers that a day may read, of a server that sends them as a whole only
	rereadAfter time.Duration // after which a bad blob is read in full again
	isCache     bool          // a pull-through cache, whose upstream is asked at each run
	memory      *content
	seen        seenFile
	buffer      []byte         // for copying; nil between runs, of which one at a time uses it
	nextEnd     map[string]int // by image: the first layer whose last byte the next run asks for; one run at a time uses it
}

// maxPull is how long a run may take, even when pull.every is longer: a registry that hangs shows after 5 minutes.
const maxPull = 5 * time.Minute

// PullSources are the probes of the collector pull: one of the front and, with pull.backends, one of each backend. The
// error names the line of the configuration that is wrong.
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
	s := &source.Source{Address: p.Address, Words: p.words()}
	for _, image := range p.images {
		s.Down = append(s.Down, pullSuccess.Sample(0, p.Address, role, image.Name))
	}
	return b.Probe(&source.Probe{Every: p.every, Timeout: min(p.every, maxPull), Run: p.pullAll}, s, role, b.Pull.Images, b.Pull.Platform), nil
}

// newPuller builds the puller of u, the front or a backend. After a reload it gets the content that was known before.
func newPuller(b *ask.Builder, u config.URL, role string) (*puller, error) {
	c := b.Pull
	a, err := ask.NewAccount(b, c.HTTP, u, "pull", "http")
	if err != nil {
		return nil, err
	}
	p := &puller{
		Account: a, role: role, platform: c.Platform, every: time.Duration(c.Every), maxBytes: int64(c.MaxBytes), whole: int64(c.Whole),
		rereadAfter: time.Duration(c.RereadAfter), isCache: b.Cache, nextEnd: map[string]int{},
	}
	p.seen = newSeenFile(b, role, p.Address)
	p.memory = ask.Kept(b, func() *content { return p.seen.load(newContent()) }, "content", role, p.Address)
	for i, name := range c.Images {
		image, err := client.ParseImage(name)
		if err != nil {
			return nil, b.Errorf([]any{"pull", "images", i}, "%s", err)
		}
		p.images = append(p.images, image)
	}
	return p, nil
}

// pullAll is one run. It pulls the images one after the other, in three quarters of the time of ctx. Each image gets an
// equal part of what is left of this time, so an image that hangs takes nothing from the others. In the last quarter
// pullAll reads layers in full.
//
// Example: 4 minutes, 3 images. The first may take 1 minute. If it takes 10 s, the other two may take 85 s each.
func (p *puller) pullAll(ctx context.Context) source.Run {
	pulling, cancel := partOf(ctx, 3, 4)
	defer cancel()
	p.buffer = make([]byte, 64<<10)
	defer func() { p.buffer = nil }() // until the next run: there may be thousands of pullers
	var pulls []*imagePull
	for i, image := range p.images {
		ip := &imagePull{puller: p, image: image, session: client.NewSession(p.Account), failed: map[digest.Digest]bool{}}
		own, cancel := partOf(pulling, 1, len(p.images)-i)
		ip.pull(own)
		cancel()
		p.memory.noteNeeds(ip)
		pulls = append(pulls, ip)
	}
	p.askPlatforms(pulling, pulls)
	upstream := p.askUpstream(pulling)
	upstream.blame(pulls)
	p.memory.forget(p.images)
	p.seen.save(p.memory)
	p.readInFull(ctx, pulls)
	if errors.Is(ctx.Err(), context.Canceled) { // the exporter stops: the pulls that this cuts off are no fault of the registry
		return source.Run{Err: ctx.Err()}
	}
	return upstream.addTo(p.report(pulls, time.Now()))
}

// partOf returns a context with part/of of the time that ctx has left.
func partOf(ctx context.Context, part, of int) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*time.Duration(part)/time.Duration(of))
}

// report makes the result of the run that ended at now: of its pulls, and of bad blobs that earlier runs found.
func (p *puller) report(pulls []*imagePull, now time.Time) source.Run {
	var reads []blobRead
	for _, ip := range pulls {
		reads = append(reads, ip.reads...)
	}
	p.memory.learn(reads, now, p.rereadAfter)
	r := source.Run{Samples: []source.Sample{
		pullTime.Sample(source.Unix(now), p.Address, p.role),
		pullInterval.Sample(p.every.Seconds(), p.Address, p.role),
	}}
	failing := 0
	for _, ip := range pulls {
		ip.recall(now)
		r.Samples = append(r.Samples, ip.samples()...)
		for _, s := range ip.steps {
			r.Steps = append(r.Steps, source.Step{Name: ip.image.Name + " " + s.Name, Took: s.Took, Err: s.Err, Note: s.Note})
		}
		if err := ip.err(); err != nil {
			r.Err = firstError(r.Err, err)
			failing++
		}
	}
	if failing > 1 {
		r.Err = fmt.Errorf("%d of %d images fail, the first: %w", failing, len(pulls), r.Err)
	}
	return r
}

// recall fails each step that needs a blob which an earlier run found bad and which is still bad at now.
func (ip *imagePull) recall(now time.Time) {
	for i := range ip.steps {
		ip.steps[i].Err = firstError(ip.steps[i].Err, ip.memory.remembered(ip.image.Name, ip.steps[i].Name, now))
	}
	if ip.reachedLayers() {
		layers := &ip.steps[len(ip.steps)-1]
		layers.Err = firstError(layers.Err, ip.refused)
		layers.Note = ip.layersText()
	}
	if step, is := ip.platformsStep(); is {
		ip.steps = append(ip.steps, step)
	}
}

// err returns the error of the first step that failed, or nil.
func (ip *imagePull) err() error {
	for _, s := range ip.steps {
		if s.Err != nil {
			return fmt.Errorf("%s: %s: %w", ip.image.Name, s.Name, s.Err)
		}
	}
	return nil
}

// samples returns registry_pull_success of the image and all other samples with the label image.
func (ip *imagePull) samples() []source.Sample {
	about := func(more ...string) []string { return append([]string{ip.Address, ip.role, ip.image.Name}, more...) }
	all := []source.Sample{pullSuccess.Sample(source.Bool01(ip.err() == nil), about()...)}
	for _, s := range ip.steps {
		all = append(all,
			pullStep.Sample(source.Bool01(s.Err == nil), about(s.Name)...),
			pullStepSeconds.Sample(s.Took.Seconds(), about(s.Name)...))
		if s.Err != nil {
			all = append(all, pullFailure.Sample(1, about(s.Name, source.Reason(s.Err), cacheOfError(s.Err))...))
		}
	}
	all = append(all, ip.memory.badSamples(about()...)...)
	all = append(all, ip.memory.absentSamples(about()...)...)
	if ip.manifest == nil {
		return all
	}
	n, last := ip.memory.verified(ip.image.Name)
	all = append(all,
		pullBytes.Sample(float64(ip.bytes), about()...),
		pullLayers.Sample(float64(len(ip.layers)), about()...),
		pullVerified.Sample(float64(n), about()...),
		pullUnverified.Sample(float64(len(ip.unverified())), about()...))
	if n > 0 {
		all = append(all, pullVerifiedTime.Sample(source.Unix(last), about()...))
	}
	if ip.firstByte > 0 {
		all = append(all, pullFirstByte.Sample(ip.firstByte.Seconds(), about()...))
	}
	return all
}
