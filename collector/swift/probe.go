package swift

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	readSuccess = source.Gauge("registry_swift_read_success",
		"1 if a byte of an object in the registry's container could be read (GET with Range, of another object in each run), or if there is no object.",
		"address", "swift_container")
	writeSuccess = source.Gauge("registry_swift_write_success",
		"1 if an object could be written to the container of the probe, read again as it was (bytes, ETag), and deleted.", "address", "swift_container")
	probeStepSeconds = source.Gauge("registry_swift_probe_step_seconds",
		"Seconds by step, for those that went well: auth (only when a new token was needed), put, get, delete, list, read.", "address", "step")
	probeTimestamp = source.Gauge("registry_swift_probe_last_run_timestamp_seconds",
		"When the last run ended, in seconds since 1970.", "address")
	probeInterval = source.Gauge("registry_swift_probe_interval_seconds",
		"How often objects are read and written, in seconds (swift.probe.every).", "address")
)

// maxProbeTime is how long a run may take at most.
const maxProbeTime = 30 * time.Second

// A prober writes and reads objects. Its requests reach Swift's object servers; HEAD of a container does not.
type prober struct {
	*store
	container string        // that it writes to; empty: it only reads
	prefix    string        // of the names that it writes, such as registry_exporter/HOST/hub/
	timeout   time.Duration // of one run
	marker    string        // name behind which the next run lists objects to read
}

// ProbeSources makes the source of the collector swift_probe: a probe that writes and reads objects. It makes none of a
// registry without swift.probe. The error is that of Sources.
func ProbeSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Swift == nil || b.Swift.Probe == nil {
		return nil, nil
	}
	store, err := ask.Shared(b, newStore)
	if err != nil {
		return nil, err
	}
	every := time.Duration(b.Swift.Probe.Every)
	p := &prober{
		store: store, container: b.Swift.Probe.Container, timeout: min(every, maxProbeTime),
		prefix: path.Join("registry_exporter", b.Exporter, b.Name, b.Site) + "/",
		marker: fmt.Sprintf("segments/%03x", rand.N(1<<12)), // the registry keeps its layers under segments/000 to segments/fff
	}
	down := []source.Sample{
		readSuccess.Sample(0, p.address, p.cfg.Container),
		probeInterval.Sample(every.Seconds(), p.address),
	}
	if p.container != "" {
		down = append(down, writeSuccess.Sample(0, p.address, p.container))
	}
	s := &source.Source{Address: p.address, Down: down, Words: p.words()}
	return []*source.Source{b.Probe(&source.Probe{Every: every, Timeout: p.timeout, Run: p.probe}, s, p.cfg.Container, p.container)}, nil
}

// A probeRun is one run of a prober.
type probeRun struct {
	*prober
	steps []source.Step
}

// probe does one run.
func (p *prober) probe(ctx context.Context) source.Run {
	r := &probeRun{prober: p}
	samples, err := r.writeAndRead(ctx)
	for _, step := range r.steps {
		if step.Err == nil {
			samples = append(samples, probeStepSeconds.Sample(step.Took.Seconds(), p.address, step.Name))
		}
	}
	samples = append(samples, probeTimestamp.Sample(float64(time.Now().Unix()), p.address))
	return source.Run{Samples: samples, Steps: r.steps, Err: err}
}

// writeAndRead gives half of the time to writing: a store that hangs at a PUT may still be readable. When both fail, the
// run has the reason of the reading, which is the worse fault.
func (r *probeRun) writeAndRead(ctx context.Context) (samples []source.Sample, err error) {
	if err := r.authenticate(ctx); err != nil {
		return nil, err
	}
	var writeErr error
	if r.container != "" {
		half, cancel := context.WithTimeout(ctx, r.timeout/2)
		defer cancel()
		writeErr = r.write(half)
		samples = append(samples, writeSuccess.Sample(source.Bool01(writeErr == nil), r.address, r.container))
	}
	readErr := r.readObject(ctx)
	samples = append(samples, readSuccess.Sample(source.Bool01(readErr == nil), r.address, r.cfg.Container))
	return samples, errors.Join(readErr, writeErr)
}

// step calls do and notes it as a step. The error begins with what: "logging in: …".
func (r *probeRun) step(name, what string, do func() (note string, err error)) error {
	start := time.Now()
	note, err := do()
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	r.steps = append(r.steps, source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
	return err
}

// authenticate logs in when there is no token. Only then it notes a step.
func (r *probeRun) authenticate(ctx context.Context) error {
	isNew := false
	err := r.step("auth", "logging in", func() (_ string, err error) {
		_, isNew, err = r.currentSession(ctx)
		return "", err
	})
	if err == nil && !isNew {
		r.steps = nil
	}
	return err
}
