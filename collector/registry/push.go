package registry

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	pushSuccess = source.Gauge("registry_push_success",
		"1 if the last run of the push probe did every step that clients do, or on a passive site was refused as it should be; else 0.", "address", "role")
	pushStepSuccess = source.Gauge("registry_push_step_success",
		"1 if this step of the last push went well, 0 if not; absent when it was not reached. Steps are auth, start, chunk and cancel of an upload, or auth, blobs, manifest, read_back and delete of an image. No client does cancel and delete: they are 1 whatever the answer is, which the report tells.",
		"address", "role", "step")
	pushFailure = source.Gauge("registry_push_failure",
		"1 for the step at which the last push failed, and why, with one of a closed list of reasons.", "address", "role", "step", "reason")
	pushStepSeconds = source.Gauge("registry_push_step_seconds",
		"Seconds that this step of the last push took.", "address", "role", "step")
	pushBytes = source.Gauge("registry_push_bytes",
		"Bytes of blobs and manifests that the last push sent.", "address", "role")
	pushTimestamp = source.Gauge("registry_push_last_run_timestamp_seconds",
		"When the last push ended, in seconds since 1970.", "address", "role")
	pushInterval = source.Gauge("registry_push_interval_seconds",
		"Seconds from one push to the next (every in the configuration); mode is upload or image.", "address", "role", "mode")
)

// pushTimeout is how long one run of a push or of replication may take.
const pushTimeout = time.Minute

// A push writes to the front of a registry as a client does. In mode upload it begins an upload, sends a chunk and
// cancels the upload; in mode image it pushes an image, reads it back and deletes it. A passive site has to refuse the
// write.
type push struct {
	*ask.Account
	*config.Push
	passive       bool
	readOnlyAlert string // name of the alert about a registry that refuses writes
	tag           string // of the image, such as canary-exporter.example.org
	canaryImage   *canaryImage
	kept          keptUpload
}

// PushSources makes the probe of the collector push. The error names the line of the configuration that is wrong.
func PushSources(b *ask.Builder) ([]*source.Source, error) {
	if b.Push == nil {
		return nil, nil
	}
	a, err := ask.NewAccount(b, b.Push.HTTP, b.URL, "push", "http")
	if err != nil {
		return nil, err
	}
	p := &push{
		Account: a, Push: b.Push, passive: b.Passive, readOnlyAlert: readOnlyAlert(b),
		tag: tagOf("canary", b.Exporter), canaryImage: newCanary(b.Exporter, "canary", int64(b.Push.Size)),
		kept: newKeptUpload(b, b.Push.Repository),
	}
	every := time.Duration(p.Every)
	probe := &source.Probe{Every: every, Timeout: min(every, pushTimeout), Run: p.pushOnce}
	return []*source.Source{b.Probe(probe, &source.Source{
		Address: a.Address,
		Down:    []source.Sample{pushSuccess.Sample(0, a.Address, "front")},
		Words:   p.words(),
	}, p.Repository, p.Mode, p.passive)}, nil
}

// pushOnce is one run.
func (p *push) pushOnce(ctx context.Context) source.Run {
	w := newWriter(p.Account, p.Repository, p.kept)
	err := p.write(ctx, w)
	return source.Run{Samples: p.samples(w, err), Steps: w.steps, Err: err}
}

// write writes as the mode says, and cleans up. w.steps has all that it did.
func (p *push) write(ctx context.Context, w *writer) error {
	w.cancelKept(ctx)
	defer w.cleanUp(ctx)
	switch {
	case p.passive:
		return w.wantRefusal(ctx)
	case p.Mode == config.PushImage:
		return w.tryImage(ctx, p.canaryImage, p.tag)
	}
	return w.tryUpload(ctx)
}

// samples returns the samples of a run that ended with err, the error of its first step that failed.
func (p *push) samples(w *writer, err error) []source.Sample {
	samples := []source.Sample{
		pushSuccess.Sample(source.Bool01(err == nil), p.Address, "front"),
		pushBytes.Sample(float64(w.sent), p.Address, "front"),
		pushTimestamp.Sample(source.Unix(time.Now()), p.Address, "front"),
		pushInterval.Sample(time.Duration(p.Every).Seconds(), p.Address, "front", p.Mode),
	}
	for _, s := range w.steps {
		samples = append(samples,
			pushStepSuccess.Sample(source.Bool01(s.Err == nil), p.Address, "front", s.Name),
			pushStepSeconds.Sample(s.Took.Seconds(), p.Address, "front", s.Name))
		if s.Err != nil && err != nil { // the first step that failed; the steps after it clean up
			samples = append(samples, pushFailure.Sample(1, p.Address, "front", s.Name, source.Reason(err)))
			err = nil
		}
	}
	return samples
}

// wantRefusal begins an upload that a passive site has to refuse: the registry as read-only or forbidden, or its front
// with status 403 or 405. When the site takes the upload, the error is write_accepted.
func (w *writer) wantRefusal(ctx context.Context) error {
	return w.step(ctx, "start", func() (string, error) {
		a, err := w.post(ctx)
		switch reason := source.Reason(err); {
		case a != nil && w.mayWrite:
			return "", source.Failed(source.ReasonWriteAccepted, "the site is passive and takes writes")
		case reason == source.ReasonReadOnly, reason == source.ReasonForbidden, a != nil && a.Status == http.StatusMethodNotAllowed:
			return fmt.Sprintf("refused, as it should be: %s", err), nil
		}
		return "", err
	})
}

// tryUpload begins an upload, sends a chunk of 64 bytes, and cancels the upload.
func (w *writer) tryUpload(ctx context.Context) error {
	chunk := newCanaryBlob([]byte("registry_exporter asks whether people can push. This goes away.\n"), typeLayer)
	there := false
	err := w.step(ctx, "start", func() (note string, err error) {
		if _, there, err = w.start(ctx, chunk.digest); there {
			note = "the registry says that it has the blob already: nothing is sent"
		}
		return note, err
	})
	if err != nil || there {
		return err
	}
	err = w.step(ctx, "chunk", func() (string, error) { return fmt.Sprintf("%d bytes", len(chunk.data)), w.chunk(ctx, chunk.data) })
	if err != nil {
		return err
	}
	return w.step(ctx, "cancel", func() (string, error) { return w.cancel(ctx), nil })
}
