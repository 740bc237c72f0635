package swift

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	readSuccess = source.Gauge("registry_swift_read_success",
		"1 if a byte of an object in the registry's container could be read (GET with Range, of another object in each run), or if there is no object.",
		"endpoint", "container")
	writeSuccess = source.Gauge("registry_swift_write_success",
		"1 if an object could be written to the container of the probe, read again as it was (bytes, ETag), and deleted.", "endpoint", "container")
	probeStepSeconds = source.Gauge("registry_swift_probe_step_seconds",
		"Seconds by step, for those that went well: auth (only when a new token was needed), put, get, delete, list, read.", "endpoint", "step")
	probeTimestamp = source.Gauge("registry_swift_probe_timestamp_seconds",
		"When the last run ended, in seconds since 1970.", "endpoint")
	probeInterval = source.Gauge("registry_swift_probe_interval_seconds",
		"How often objects are read and written, in seconds (swift.probe.every).", "endpoint")
)

const (
	maxProbeTime = 30 * time.Second // of one run at most
	listed       = 100              // objects of which one is read
	readTries    = 3                // a listing may still show what has just been deleted
)

// A prober reads and writes objects: only that goes through the object servers.
type prober struct {
	*store
	container string        // that it writes to; empty: it only reads
	prefix    string        // of the objects it writes
	limit     time.Duration // of one run
	marker    string        // behind which it looks for an object to read
}

func ProbeSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Swift == nil || b.Swift.Probe == nil {
		return nil, nil
	}
	store, err := ask.Once(b, newStore)
	if err != nil {
		return nil, err
	}
	every := time.Duration(b.Swift.Probe.Every)
	s := &prober{
		store: store, container: b.Swift.Probe.Container, limit: min(every, maxProbeTime),
		prefix: path.Join("registry_exporter", b.Exporter, b.Name, b.Site) + "/",
		marker: fmt.Sprintf("segments/%03x", rand.N(1<<12)), // the registry keeps its layers there
	}
	down := []source.Sample{
		readSuccess.Sample(0, s.endpoint, s.cfg.Container),
		probeInterval.Sample(every.Seconds(), s.endpoint),
	}
	if s.container != "" {
		down = append(down, writeSuccess.Sample(0, s.endpoint, s.container))
	}
	p := &source.Probe{Every: every, Timeout: s.limit, Run: s.run}
	return []*source.Source{b.Probe(p, &source.Source{Endpoint: s.endpoint, Down: down, Words: s.words()}, s.cfg.Container, s.container)}, nil
}

// A proberRun is one run under way.
type proberRun struct {
	*prober
	steps []source.Step
}

func (p *prober) run(ctx context.Context) source.Run {
	r := &proberRun{prober: p}
	samples, err := r.visit(ctx)
	for _, s := range r.steps {
		if s.Err == nil {
			samples = append(samples, probeStepSeconds.Sample(s.Took.Seconds(), p.endpoint, s.Name))
		}
	}
	samples = append(samples, probeTimestamp.Sample(float64(time.Now().Unix()), p.endpoint))
	return source.Run{Samples: samples, Steps: r.steps, Err: err}
}

// visit writes for half of the time at most: a store that hangs at that may still be read.
func (r *proberRun) visit(ctx context.Context) (samples []source.Sample, err error) {
	if err := r.authenticate(ctx); err != nil {
		return nil, err
	}
	var writeErr error
	if r.container != "" {
		half, cancel := context.WithTimeout(ctx, r.limit/2)
		defer cancel()
		writeErr = r.write(half)
		samples = append(samples, writeSuccess.Sample(source.Bool01(writeErr == nil), r.endpoint, r.container))
	}
	readErr := r.readOne(ctx)
	samples = append(samples, readSuccess.Sample(source.Bool01(readErr == nil), r.endpoint, r.cfg.Container))
	return samples, errors.Join(readErr, writeErr) // a store that cannot be read is the worse: its reason counts
}

// step does one thing, and notes how it went.
func (r *proberRun) step(name, what string, do func() (note string, err error)) error {
	start := time.Now()
	note, err := do()
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	r.steps = append(r.steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
	return err
}

// authenticate is a step only when a new token is needed.
func (r *proberRun) authenticate(ctx context.Context) error {
	var login []source.Sample
	err := r.step("auth", "logging in", func() (_ string, err error) {
		_, login, err = r.login(ctx)
		return "", err
	})
	if err == nil && len(login) == 0 {
		r.steps = nil
	}
	return err
}

// readOne reads a byte of an object of the registry.
func (r *proberRun) readOne(ctx context.Context) error {
	var objects []object
	err := r.step("list", "listing the registry's container", func() (_ string, err error) {
		objects, err = r.choice(ctx)
		return fmt.Sprintf("%d objects to choose from", len(objects)), err
	})
	if err != nil || len(objects) == 0 {
		return err
	}
	return r.step("read", "reading an object of the registry", func() (string, error) {
		for _, o := range objects[:min(readTries, len(objects))] {
			err := r.readByte(ctx, o)
			if err == nil {
				return o.Name, nil
			}
			if source.Reason(err) != source.ReasonNotFound {
				return "", fmt.Errorf("%s: %w", source.CleanLabel(o.Name), err)
			}
		}
		return "", source.Failed(source.ReasonMissingBlob, "it is listed and not there, as are others")
	})
}

// choice is a page of the listing, another one in each run, in an order of its own: those that have bytes first.
func (r *proberRun) choice(ctx context.Context) ([]object, error) {
	objects, err := r.page(ctx)
	if err == nil && len(objects) == 0 && r.marker != "" { // the end: go on at the beginning
		r.marker = ""
		objects, err = r.page(ctx)
	}
	if err != nil || len(objects) == 0 {
		return nil, err
	}
	r.marker = objects[len(objects)-1].Name
	rand.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	slices.SortStableFunc(objects, func(a, b object) int { return int(source.Bool01(a.Bytes == 0) - source.Bool01(b.Bytes == 0)) })
	return objects, nil
}

func (r *proberRun) page(ctx context.Context) (objects []object, err error) {
	query := url.Values{"limit": {fmt.Sprint(listed)}, "marker": {r.marker}}
	err = r.list(ctx, r.cfg.Container, query, func(o object) {
		if len(objects) < listed {
			objects = append(objects, o)
		}
	})
	return objects, err
}

// readByte reads the first byte of an object. One that is listed with none may be empty.
func (r *proberRun) readByte(ctx context.Context, o object) error {
	resp, err := r.send(ctx, request{
		method: http.MethodGet, container: r.cfg.Container, object: o.Name, header: map[string]string{"Range": "bytes=0-0"},
	})
	switch {
	case err != nil:
		return err
	case o.Bytes == 0 && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		resp.Body.Close()
		return nil
	case resp.StatusCode != http.StatusPartialContent:
		return ask.RefusalOf(resp)
	}
	got, err := ask.AnswerOf(resp, 1)
	if err == nil && len(got.Body) == 0 {
		return source.Failed(source.ReasonShortRead, "0 of 1 byte")
	}
	return err
}
