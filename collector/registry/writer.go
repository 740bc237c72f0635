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

// Bounds of what is done after a run was told to end, so that nothing is left behind: with the last
// request of the cleaning up together less than 4 s.
const (
	lingerTime  = time.Second
	cleanUpTime = 1500 * time.Millisecond
)

// A writer writes to one repository, step by step. It is for one run, and one goroutine.
type writer struct {
	*client.Session
	repository string
	location   string // of the upload under way
	kept       keptUpload
	before     string // what became of an upload that was left by a run before

	letIn time.Time // when the first request was sent that needed no more login
	sent  int       // bytes
	steps []source.Step
}

func newWriter(a *ask.Account, repository string, kept keptUpload) *writer {
	return &writer{Session: client.NewSession(a), repository: repository, kept: kept}
}

// step does one thing, unless ctx has ended, and notes how it went. The first one tells the login apart, as a step
// of its own: auth.
func (w *writer) step(ctx context.Context, name string, do func() (note string, err error)) error {
	if err := ctx.Err(); err != nil {
		return w.add(source.Step{Name: name, Err: err})
	}
	start, first := time.Now(), len(w.steps) == 0
	note, err := do()
	if first {
		auth := source.Step{Name: "auth", Note: w.before}
		if isLoginError(err) {
			auth.Took, auth.Err = time.Since(start), err
			return w.add(auth)
		}
		auth.Took = max(0, w.letIn.Sub(start))
		start = start.Add(auth.Took)
		_ = w.add(auth)
	}
	return w.add(source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
}

func (w *writer) add(s source.Step) error {
	w.steps = append(w.steps, s)
	if s.Err != nil {
		return fmt.Errorf("%s: %w", s.Name, s.Err)
	}
	return nil
}

func isLoginError(err error) bool {
	return ask.IsNotLetIn(err) || source.Reason(err) == source.ReasonForbidden
}

// lacksRights tells whether these credentials may not do it.
func lacksRights(err error) bool {
	return source.Reason(err) == source.ReasonUnauthorized || source.Reason(err) == source.ReasonForbidden
}

// ask sends a request and reads its answer. Once it is sent it may take a little longer than ctx: of what it begins
// on the registry we have to know, to take it back.
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

// linger is a context that ends a while after ctx.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingerTime, cancel) })
	return longer, func() { stop(); cancel() }
}

// writeRefusal is the error of an answer to a write that is not the one asked for.
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
	case a.Status >= 500 && ask.ContainsAny(a.Body, "no space left on device", `"Err":28}`): // as text, or as Go writes it
		return source.Failed(source.ReasonNoSpace, "%s", err)
	}
	return err
}

func saysReadOnly(body []byte) bool {
	return ask.ContainsAny(bytes.ToLower(body), "read only", "read-only", "readonly")
}
