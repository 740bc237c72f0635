package collector

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
)

var (
	swiftReadSuccess = gauge("registry_swift_read_success",
		"1 if a byte of an object in the registry's container could be read (GET with Range, of another object in each run), or if there is no object.",
		"endpoint", "container")
	swiftWriteSuccess = gauge("registry_swift_write_success",
		"1 if an object could be written to the container of the probe, read again as it was (bytes, ETag), and deleted.", "endpoint", "container")
	swiftProbeStep = gauge("registry_swift_probe_step_seconds",
		"Seconds by step, for those that went well: auth (only when a new token was needed), put, get, delete, list, read.", "endpoint", "step")
	swiftProbeTimestamp = gauge("registry_swift_probe_timestamp_seconds",
		"When the last run ended, in seconds since 1970.", "endpoint")
	swiftProbeInterval = gauge("registry_swift_probe_interval_seconds",
		"How often objects are read and written, in seconds (swift.probe.every).", "endpoint")
)

const (
	swiftProbeTime = 30 * time.Second // of one run at most
	swiftChoice    = 100              // objects of which one is read
	swiftTries     = 3                // a listing may still show what has just been deleted
)

// A swiftProbe reads and writes objects: only that goes through the object servers.
type swiftProbe struct {
	*swiftStore
	container string        // that it writes to; empty: it only reads
	prefix    string        // of the objects it writes
	limit     time.Duration // of one run
	marker    string        // behind which it looks for an object to read
}

func swiftProbeSources(b *builder) ([]*source, error) {
	if b.Swift == nil || b.Swift.Probe == nil {
		return nil, nil
	}
	store, err := once(b, newSwiftStore)
	if err != nil {
		return nil, err
	}
	every := time.Duration(b.Swift.Probe.Every)
	s := &swiftProbe{
		swiftStore: store, container: b.Swift.Probe.Container, limit: min(every, swiftProbeTime),
		prefix: path.Join("registry_exporter", b.exporter, b.Name, b.Site) + "/",
		marker: fmt.Sprintf("segments/%03x", rand.N(1<<12)), // the registry keeps its layers there
	}
	down := []sample{
		swiftReadSuccess.sample(0, s.endpoint, s.cfg.Container),
		swiftProbeInterval.sample(every.Seconds(), s.endpoint),
	}
	if s.container != "" {
		down = append(down, swiftWriteSuccess.sample(0, s.endpoint, s.container))
	}
	p := &probe{every: every, timeout: s.limit, run: s.run}
	return []*source{b.probe(p, &source{endpoint: s.endpoint, down: down, words: s.words()}, s.cfg.Container, s.container)}, nil
}

// A swiftRun is one run under way.
type swiftRun struct {
	*swiftProbe
	steps []step
}

func (p *swiftProbe) run(ctx context.Context) run {
	r := &swiftRun{swiftProbe: p}
	samples, err := r.visit(ctx)
	for _, s := range r.steps {
		if s.err == nil {
			samples = append(samples, swiftProbeStep.sample(s.took.Seconds(), p.endpoint, s.name))
		}
	}
	samples = append(samples, swiftProbeTimestamp.sample(float64(time.Now().Unix()), p.endpoint))
	return run{samples: samples, steps: r.steps, err: err}
}

// visit writes for half of the time at most: a store that hangs at that may still be read.
func (r *swiftRun) visit(ctx context.Context) (samples []sample, err error) {
	if err := r.authenticate(ctx); err != nil {
		return nil, err
	}
	var writeErr error
	if r.container != "" {
		half, cancel := context.WithTimeout(ctx, r.limit/2)
		defer cancel()
		writeErr = r.write(half)
		samples = append(samples, swiftWriteSuccess.sample(bool01(writeErr == nil), r.endpoint, r.container))
	}
	readErr := r.readOne(ctx)
	samples = append(samples, swiftReadSuccess.sample(bool01(readErr == nil), r.endpoint, r.cfg.Container))
	return samples, errors.Join(readErr, writeErr) // a store that cannot be read is the worse: its reason counts
}

// step does one thing, and notes how it went.
func (r *swiftRun) step(name, what string, do func() (note string, err error)) error {
	start := time.Now()
	note, err := do()
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	r.steps = append(r.steps, step{name, time.Since(start), err, note})
	return err
}

// authenticate is a step only when a new token is needed.
func (r *swiftRun) authenticate(ctx context.Context) error {
	var login []sample
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
func (r *swiftRun) readOne(ctx context.Context) error {
	var objects []swiftObject
	err := r.step("list", "listing the registry's container", func() (_ string, err error) {
		objects, err = r.choice(ctx)
		return fmt.Sprintf("%d objects to choose from", len(objects)), err
	})
	if err != nil || len(objects) == 0 {
		return err
	}
	return r.step("read", "reading an object of the registry", func() (string, error) {
		for _, o := range objects[:min(swiftTries, len(objects))] {
			err := r.readByte(ctx, o)
			if err == nil {
				return o.Name, nil
			}
			if reason(err) != reasonNotFound {
				return "", fmt.Errorf("%s: %w", cleanLabel(o.Name), err)
			}
		}
		return "", failed(reasonMissingBlob, "it is listed and not there, as are others")
	})
}

// choice is a page of the listing, another one in each run, in an order of its own: those that have bytes first.
func (r *swiftRun) choice(ctx context.Context) ([]swiftObject, error) {
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
	slices.SortStableFunc(objects, func(a, b swiftObject) int { return int(bool01(a.Bytes == 0) - bool01(b.Bytes == 0)) })
	return objects, nil
}

func (r *swiftRun) page(ctx context.Context) (objects []swiftObject, err error) {
	query := url.Values{"limit": {fmt.Sprint(swiftChoice)}, "marker": {r.marker}}
	err = r.list(ctx, r.cfg.Container, query, func(o swiftObject) {
		if len(objects) < swiftChoice {
			objects = append(objects, o)
		}
	})
	return objects, err
}

// readByte reads the first byte of an object. One that is listed with none may be empty.
func (r *swiftRun) readByte(ctx context.Context, o swiftObject) error {
	resp, err := r.send(ctx, swiftRequest{
		method: http.MethodGet, container: r.cfg.Container, object: o.Name, header: map[string]string{"Range": "bytes=0-0"},
	})
	switch {
	case err != nil:
		return err
	case o.Bytes == 0 && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		resp.Body.Close()
		return nil
	case resp.StatusCode != http.StatusPartialContent:
		return refusalOf(resp)
	}
	got, err := answerOf(resp, 1)
	if err == nil && len(got.body) == 0 {
		return failed(reasonShortRead, "0 of 1 byte")
	}
	return err
}
