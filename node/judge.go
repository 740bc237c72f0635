package node

import (
	"context"
	"fmt"
	"net/http"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A judgement is how one runtime gets on with one registry.
type judgement struct {
	*look
	runtime  runtime
	registry *Registry
	plan     *plan
}

// judge asks the endpoints in their order until one answers, and fills in the verdict.
func (j *judgement) judge(ctx context.Context, v *Verdict) {
	p := j.plan
	v.State, v.Files, v.Login, v.Notes = StateOK, p.files, p.login.String(), p.notes
	if v.Files == nil {
		v.Files = []string{}
	}
	if p.refused != nil {
		v.fail(p.refused)
		return
	}
	var last *endpoint
	var got *answer
	for _, e := range p.endpoints {
		r := e.report()
		v.Endpoints = append(v.Endpoints, r)
		digested := j.image != nil && j.image.Digest != ""
		if e.pulls != nil && !e.pulls(digested) || got != nil && got.err == nil || len(v.Endpoints) > maxEndpoints {
			continue
		}
		last, got = e, j.askOne(ctx, e, r)
		if got.err != nil && e.mirror {
			f := j.words(e, got)
			v.Notes = append(v.Notes, Note{What: "the mirror " + e.url() + " is left out (" + f.reason + "): " + f.what, Try: f.try})
		}
	}
	switch {
	case got == nil:
		v.fail(&fault{reasonNoEndpoint, fmt.Sprintf("the files of %s leave no address for an image %s", v.Runtime, map[bool]string{true: "by digest", false: "by tag"}[j.image != nil && j.image.Digest != ""]), ""})
	case got.err != nil:
		j.judgeFailure(v, last, got)
	default:
		j.judgeAnswer(v, last, got)
	}
}

// loginFor is the login that an endpoint gets. The registry's login goes to no mirror, and to no other host.
func (j *judgement) loginFor(e *endpoint) login {
	isRegistry := !e.mirror && (e.host == j.registry.Address || j.registry.Address == dockerHub && e.host == hubHost)
	if e.login.found() || !isRegistry {
		return e.login
	}
	return j.plan.login
}

// askOne asks an endpoint, for the image too when there is one.
func (j *judgement) askOne(ctx context.Context, e *endpoint, r *Endpoint) *answer {
	got := j.ask(ctx, e, j.loginFor(e))
	if e.path != "/v2" && got.status == http.StatusNotFound { // nobody asks for /v2/ there
		got.err = nil
	}
	if got.plain {
		over := *e
		over.scheme = "http"
		e = &over
	}
	if got.err == nil && j.image != nil {
		got.err = got.pull(ctx, e, j.image)
		r.Pulled = got.err == nil
	}
	r.Asked, r.Plain, r.Status, r.Reason = true, e.scheme == "http", got.status, source.Reason(got.err)
	if got.err != nil {
		r.Error = source.Mask(nil).ErrorText(got.err)
	}
	if got.shown != nil {
		r.Certificate = got.shown.report(hostOf(e.host), e.cas)
	}
	return got
}

func (v *Verdict) fail(f *fault) {
	v.State, v.Reason, v.What, v.Try = StateFailed, f.reason, f.what, f.try
}

func (v *Verdict) warn(reason, what, try string) {
	v.State, v.Reason, v.What, v.Try = StateWarning, reason, what, try
}

// judgeFailure tells what failed: that of the registry itself, or of the last mirror. A login that was not tried is a warning.
func (j *judgement) judgeFailure(v *Verdict, e *endpoint, got *answer) {
	l := j.plan.login
	isLogin := j.image != nil && got.status != 0 && (ask.IsNotLetIn(got.err) || source.Reason(got.err) == source.ReasonUnauthorized)
	try := j.runtime.login(j.registry.Address)
	switch {
	case isLogin && j.plan.pods && !l.found():
		v.warn(reasonLoginMissing, "the registry wants a login for this image: pods need an imagePullSecret, the node itself has no login", try)
	case isLogin && !l.found():
		v.fail(&fault{reasonLoginMissing, fmt.Sprintf("the registry wants a login for this image, and %s has none", v.Runtime), try})
	case isLogin && !l.usable():
		v.warn("", fmt.Sprintf("the registry wants a login for this image; that of %s was not tried", l), "")
	case isLogin && (e.skip != "" || e.scheme == "http"):
		v.warn("", fmt.Sprintf("the registry wants a login for this image; that in %s was not sent, since the address is not verified", l.file), "")
	case isLogin && source.Reason(got.err) == source.ReasonUnauthorized:
		v.fail(&fault{source.ReasonUnauthorized, fmt.Sprintf("the registry refuses the login in %s", l.file), try})
	default:
		v.fail(j.words(e, got))
	}
}

// judgeAnswer looks for what is not as it should be where the runtime would pull.
func (j *judgement) judgeAnswer(v *Verdict, e *endpoint, got *answer) {
	wants := got.status == http.StatusUnauthorized && !j.plan.login.found() && j.image == nil
	try := j.runtime.login(j.registry.Address)
	switch {
	case wants && got.scheme == "basic" && !j.plan.pods:
		v.fail(&fault{reasonLoginMissing, fmt.Sprintf("the registry wants a login, and %s has none", v.Runtime), try})
		return
	case wants && got.scheme == "basic":
		v.warn(reasonLoginMissing, "the registry wants a login: pods need an imagePullSecret, the node itself has no login", try)
		return
	case wants:
		v.Notes = append(v.Notes, Note{What: "the registry gives out tokens, and there is no login: only what everybody may pull can be pulled", Try: try})
	}
	leaf := got.shown != nil && got.shown.leaf() != nil
	switch {
	case got.plain:
		v.warn("", fmt.Sprintf("the registry is asked over plain HTTP, as %s allows: whoever is on the way can hand out other images", e.skip), "serve the registry over TLS")
	case e.scheme == "http":
		v.warn("", "the registry is asked over plain HTTP: whoever is on the way can hand out other images", "serve the registry over TLS")
	case e.skip != "" && leaf && got.shown.verifies():
		v.warn("", fmt.Sprintf("%s switches off verification, and the certificate would verify without it", e.skip), "take it away: "+e.skip)
	case e.skip != "":
		v.warn("", fmt.Sprintf("the certificate is not verified, as %s says: whoever is on the way can hand out other images", e.skip), j.trustCommand(e, got))
	case len(v.Notes) > 0:
		v.State = StateWarning
	}
}
