package registry

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// When a run is told to stop, it still waits for the answer under way (lingerTime), and then cancels its upload
// (cleanUpTime, and lingerTime again for that answer): less than 4 s in all.
const (
	lingerTime  = time.Second
	cleanUpTime = 1500 * time.Millisecond
)

// A writer writes to one repository, step by step. It is for one run, and for one goroutine.
type writer struct {
	*client.Session
	repository string
	location   string // path and query of the upload under way; empty: none is
	kept       keptUpload
	leftNote   string // note for people about an upload that an earlier run left behind; empty: there was none

	letIn time.Time // when the request was sent that ended the login of the first step
	sent  int       // bytes of blobs and manifests that the registry took
	steps []source.Step
}

func newWriter(a *ask.Account, repository string, kept keptUpload) *writer {
	return &writer{Session: client.NewSession(a), repository: repository, kept: kept}
}

// step does one step, unless ctx has ended, and notes its outcome. The first step is noted as two: auth, up to the request
// that was let in, and the rest. If the login fails, auth alone is noted, with the error.
func (w *writer) step(ctx context.Context, name string, do func() (note string, err error)) error {
	if err := ctx.Err(); err != nil {
		return w.add(source.Step{Name: name, Err: err})
	}
	start, first := time.Now(), len(w.steps) == 0
	note, err := do()
	if first {
		auth := source.Step{Name: "auth", Note: w.leftNote}
		if ask.IsNotLetIn(err) {
			auth.Took, auth.Err = time.Since(start), err
			return w.add(auth)
		}
		auth.Took = max(0, w.letIn.Sub(start))
		start = start.Add(auth.Took)
		_ = w.add(auth)
	}
	return w.add(source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
}

// add notes a step. It returns its error with the name of the step before it.
func (w *writer) add(s source.Step) error {
	w.steps = append(w.steps, s)
	if s.Err != nil {
		return fmt.Errorf("%s: %w", s.Name, s.Err)
	}
	return nil
}

// lacksRights says whether err is unauthorized or forbidden: the credentials do not allow the request.
func lacksRights(err error) bool {
	return source.Reason(err) == source.ReasonUnauthorized || source.Reason(err) == source.ReasonForbidden
}

// ask sends a request and reads its answer, of at most 1 MiB. When ctx ends after the request was sent, ask waits a second
// longer: if the registry has begun an upload, the answer says where, and the upload can be cancelled.
func (w *writer) ask(ctx context.Context, method, ref string, body []byte, header http.Header) (*ask.Answer, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	longer, cancel := linger(ctx)
	defer cancel()
	var sent time.Time
	req, err := w.Request(httptrace.WithClientTrace(longer, &httptrace.ClientTrace{
		GetConn: func(string) { sent = time.Now() },
	}), method, ref, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	scope := client.PushScope(w.repository)
	if method == http.MethodDelete {
		scope = client.DeleteScope(w.repository)
	}
	resp, err := w.Send(req, scope)
	if w.letIn.IsZero() {
		w.letIn = sent
	}
	if err != nil {
		return nil, ask.Ended(ctx, err)
	}
	a, err := ask.AnswerOf(resp, ask.MaxSmallBody)
	if err != nil {
		return a, ask.Ended(ctx, a.OrRefusal(err))
	}
	return a, nil
}

// linger is a context that ends lingerTime after ctx.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingerTime, cancel) })
	return longer, func() { stop(); cancel() }
}

// writeRefusal is the error of an answer to a write with another status than a good one. Its reason tells more than that of
// Answer.Refusal: upload_lost, missing_blob, read_only or no_space, by the code of the registry's error and by its words.
func writeRefusal(a *ask.Answer) error {
	err := a.Refusal()
	code, _ := ask.RegistryError(a.Body)
	switch {
	case code == "BLOB_UPLOAD_UNKNOWN", code == "BLOB_UPLOAD_INVALID":
		return source.Failed(source.ReasonUploadLost, "%s", err)
	case code == "MANIFEST_BLOB_UNKNOWN", code == "BLOB_UNKNOWN":
		return source.Failed(source.ReasonMissingBlob, "%s", err)
	case a.Status == http.StatusMethodNotAllowed, a.Status >= 400 && saysReadOnly(a.Body):
		return source.Failed(source.ReasonReadOnly, "%s", err)
	case a.Status >= 500 && ask.ContainsAny(a.Body, "no space left on device", `"Err":28}`): // 28 is ENOSPC, as Distribution writes the error of its driver in JSON
		return source.Failed(source.ReasonNoSpace, "%s", err)
	}
	return err
}

// saysReadOnly says whether a body says read-only, as Harbor does: "The system is in read only mode."
func saysReadOnly(body []byte) bool {
	return ask.ContainsAny(bytes.ToLower(body), "read only", "read-only", "readonly")
}
