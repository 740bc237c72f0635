package registry

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

var upstreamSuccess = source.Gauge("registry_pull_upstream_success",
	"1 if the upstream of a pull-through cache (cache: true) answered in the last run: the cache says 404 of a blob that nobody has (GET /v2/REPOSITORY/blobs/sha256:aaaa…); 0 if it answers with an error of its own; absent while it does neither.",
	"address", "role")

// nobodyHas is the digest of a blob that no registry has: a cache has to ask its upstream for it.
var nobodyHas = "sha256:" + strings.Repeat("a", 64)

const stepUpstream = "upstream"

// An upstreamAnswer is what a pull-through cache tells of its upstream; nil for a registry that is no cache.
type upstreamAnswer struct {
	*puller
	took time.Duration
	err  error // nil: the upstream answers
}

// askUpstream asks the cache for a blob that no registry has. A cache whose upstream answers says 404. A cache whose
// upstream is gone, or refuses the cache, answers 500 or the like (Distribution: 500 UNKNOWN).
func (p *puller) askUpstream(ctx context.Context) *upstreamAnswer {
	if !p.isCache {
		return nil
	}
	start := time.Now()
	resp, err := client.NewSession(p.Account).Open(ctx, p.images[0].Repository, "blobs/"+nobodyHas, http.Header{})
	if err == nil {
		err = upstreamError(resp)
	}
	return &upstreamAnswer{p, time.Since(start), err}
}

// upstreamError closes an answer, and returns its error; nil for 404.
func upstreamError(resp *http.Response) error {
	status := resp.StatusCode
	refused := ask.RefusalOf(resp)
	switch {
	case status == http.StatusNotFound:
		return nil
	case status >= http.StatusInternalServerError:
		return source.Failed(source.ReasonUpstreamFailed, "the cache does not get a blob that it has not: %s", refused)
	}
	return refused
}

// blame gives the upstream as the reason for pulls that fail because the cache does not have what they ask for.
func (u *upstreamAnswer) blame(pulls []*imagePull) {
	if u == nil || source.Reason(u.err) != source.ReasonUpstreamFailed {
		return
	}
	wants := []string{source.ReasonNotFound, source.ReasonMissingBlob, source.ReasonServerError, source.ReasonUnavailable}
	for _, ip := range pulls {
		for i := range ip.steps {
			if err := ip.steps[i].Err; err != nil && slices.Contains(wants, source.Reason(err)) {
				ip.steps[i].Err = answerError{source.Failed(source.ReasonUpstreamFailed, "%s, and the upstream of the cache fails", err), cacheOfError(err)}
			}
		}
	}
}

// addTo adds the answer to a run. When the upstream fails, and nothing else does, the run fails with upstream_failed. An
// error that says nothing of the upstream becomes a note.
func (u *upstreamAnswer) addTo(r source.Run) source.Run {
	switch {
	case u == nil:
		return r
	case u.err != nil && source.Reason(u.err) != source.ReasonUpstreamFailed:
		r.Steps = append(r.Steps, source.Step{Name: stepUpstream, Took: u.took, Note: "not known: " + u.err.Error()})
		return r
	case u.err != nil:
		r.Err = firstError(r.Err, fmt.Errorf("%s: %w", stepUpstream, u.err))
	}
	r.Samples = append(r.Samples, upstreamSuccess.Sample(source.Bool01(u.err == nil), u.Address, u.role))
	r.Steps = append(r.Steps, source.Step{Name: stepUpstream, Took: u.took, Err: u.err})
	return r
}

// upstreamOnly says whether the upstream fails, and all images could be pulled.
func upstreamOnly(res source.Result) bool {
	return len(res.Where(upstreamSuccess, 0, "address")) > 0 && len(res.Where(pullSuccess, 0, "image")) == 0
}
