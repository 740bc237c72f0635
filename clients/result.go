package clients

import (
	"errors"
	"net/http"
	"strings"
)

// A result is how a pull or a push of a client, or of a probe, ended.
type result struct {
	skipped string // why the client was not asked; empty: it was
	step    string // at which it failed: auth, resolve, manifest, config or layer; start, upload, commit, manifest or read_back
	refused bool   // with 401 or 403: the probe may then call the step auth
	err     error
	reason  string   // given by the probe; clients give none
	alerts  []string // of the probe's report
	pages   []string // of these, the critical ones
}

func (r result) ok() bool { return r.err == nil }

// verdict writes the result in short: ok, failed at a step, or - when nobody was asked.
func (r result) verdict() string {
	switch {
	case r.skipped != "":
		return "-"
	case r.ok():
		return "ok"
	}
	return "failed " + r.step
}

// text writes the error on one short line.
func (r result) text() string {
	if r.err == nil {
		return ""
	}
	text := strings.Join(strings.Fields(r.err.Error()), " ")
	if len(text) > 160 {
		text = "…" + text[len(text)-160:]
	}
	return text
}

// A stepError says at which step a client failed.
type stepError struct {
	step string
	error
}

func (e stepError) Unwrap() error { return e.error }

func failedAt(step string, err error) result {
	var at stepError
	if errors.As(err, &at) {
		step = at.step
	}
	return result{step: step, err: err}
}

// failed returns a result whose step is that of the last request: the client does one thing after the other, so it failed
// there. The step is first when no request came.
func (s *site) failed(first string, err error) result {
	kind, status := s.lastAsked()
	step := first
	if kind != "" {
		step = stepOf(kind)
	}
	r := failedAt(step, err)
	if step == "auth" {
		r.step = step
	}
	r.refused = (status == http.StatusUnauthorized || status == http.StatusForbidden) && r.step != "config" && r.step != "layer"
	return r
}

// stepOf returns the step of a pull or a push to which a request belongs.
func stepOf(kind string) string {
	method, what, _ := strings.Cut(kind, " ")
	switch {
	case what == "token", kind == "GET base":
		return "auth"
	case kind == "HEAD manifest":
		return "resolve"
	case what == "manifest":
		return "manifest"
	case what == "store" && method == "GET", what == "blob" && method == "GET":
		return "layer"
	case what == "blob", kind == "HEAD store", kind == "POST upload":
		return "start"
	case kind == "PATCH upload", kind == "PATCH base":
		return "upload"
	}
	return "commit"
}

// class returns one name for steps that clients and probes name differently.
func class(step string) string {
	switch step {
	case "resolve", "manifest":
		return "manifest"
	case "layer", "layers":
		return "layers"
	case "start", "upload", "chunk", "status", "commit", "blobs":
		return "upload"
	}
	return step
}
