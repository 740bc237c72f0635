package collector

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"time"
)

// Bounds of what is done after a run was told to end, so that nothing is left behind: with the last
// request of the cleaning up together less than 4 s.
const (
	lingerTime  = time.Second
	cleanUpTime = 1500 * time.Millisecond
)

// A writer writes to one repository, step by step. It is for one run, and one goroutine.
type writer struct {
	*session
	repository string
	location   string // of the upload under way
	kept       keptUpload
	before     string // what became of an upload that was left by a run before

	letIn time.Time // when the first request was sent that needed no more login
	sent  int       // bytes
	steps []step
}

func newWriter(a *account, repository string, kept keptUpload) *writer {
	return &writer{session: newSession(a), repository: repository, kept: kept}
}

// step does one thing, unless ctx has ended, and notes how it went. The first one tells the login apart, as a step
// of its own: auth.
func (w *writer) step(ctx context.Context, name string, do func() (note string, err error)) error {
	if err := ctx.Err(); err != nil {
		return w.add(step{name: name, err: err})
	}
	start, first := time.Now(), len(w.steps) == 0
	note, err := do()
	if first {
		auth := step{name: "auth", note: w.before}
		if isLoginError(err) {
			auth.took, auth.err = time.Since(start), err
			return w.add(auth)
		}
		auth.took = max(0, w.letIn.Sub(start))
		start = start.Add(auth.took)
		_ = w.add(auth)
	}
	return w.add(step{name, time.Since(start), err, note})
}

func (w *writer) add(s step) error {
	w.steps = append(w.steps, s)
	if s.err != nil {
		return fmt.Errorf("%s: %w", s.name, s.err)
	}
	return nil
}

func isLoginError(err error) bool {
	return isNotLetIn(err) || reason(err) == reasonForbidden
}

// lacksRights tells whether these credentials may not do it.
func lacksRights(err error) bool {
	return reason(err) == reasonUnauthorized || reason(err) == reasonForbidden
}

// ask sends a request and reads its answer. Once it is sent it may take a little longer than ctx: of what it begins
// on the registry we have to know, to take it back.
func (w *writer) ask(ctx context.Context, method, ref string, body []byte, header http.Header) (*answer, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	longer, cancel := linger(ctx)
	defer cancel()
	var sent time.Time
	req, err := w.request(httptrace.WithClientTrace(longer, &httptrace.ClientTrace{
		GetConn: func(string) { sent = time.Now() },
	}), method, ref, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	scope := pushScope(w.repository)
	if method == http.MethodDelete {
		scope = deleteScope(w.repository)
	}
	resp, err := w.send(req, scope)
	if w.letIn.IsZero() {
		w.letIn = sent
	}
	if err != nil {
		return nil, ended(ctx, err)
	}
	a, err := answerOf(resp, maxSmallBody)
	if err != nil {
		return a, ended(ctx, a.orRefusal(err))
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
func writeRefusal(a *answer) error {
	err := a.refusal()
	code, _ := registryError(a.body)
	switch {
	case code == "BLOB_UPLOAD_UNKNOWN", code == "BLOB_UPLOAD_INVALID":
		return failed(reasonUploadLost, "%s", err)
	case code == "MANIFEST_BLOB_UNKNOWN", code == "BLOB_UNKNOWN":
		return failed(reasonMissingBlob, "%s", err)
	case a.status == http.StatusMethodNotAllowed, a.status >= 400 && saysReadOnly(a.body):
		return failed(reasonReadOnly, "%s", err)
	case a.status >= 500 && containsAny(a.body, "no space left on device", `"Err":28}`): // as text, or as Go writes it
		return failed(reasonNoSpace, "%s", err)
	}
	return err
}

func saysReadOnly(body []byte) bool {
	return containsAny(bytes.ToLower(body), "read only", "read-only", "readonly")
}
