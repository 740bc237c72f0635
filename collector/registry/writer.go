package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/registry/client"
	"registry_exporter/collector/source"
)

// When a run is told to stop, it waits lingerTime for the answer under way, and then cancels its upload, which takes at
// most cleanUpTime and lingerTime again: less than 4 s in all.
const (
	lingerTime  = time.Second
	cleanUpTime = 1500 * time.Millisecond
)

// A writer writes to one repository, step by step. It is for one run, and for one goroutine.
type writer struct {
	*client.Session
	repository string
	location   *url.URL // of the upload under way; nil: there is none
	kept       keptUpload
	leftNote   string // note for people about an upload that an earlier run left behind; empty: there was none
	mayWrite   bool   // an upload could begin: the account is not to blame for what is refused now

	lost error // write_lost: the registry says that it has a blob, and does not have it; nil: no step found that

	letIn time.Time // when the first step sent the request with which the login ended
	sent  int       // bytes of blobs and manifests that the registry took
	steps []source.Step
}

func newWriter(a *ask.Account, repository string, kept keptUpload) *writer {
	return &writer{Session: client.NewSession(a), repository: repository, kept: kept}
}

// step does one step, unless ctx has ended, and notes its outcome. The first step is noted as two: the step auth, up to
// the request with which the login ended, and then the rest. When the login fails, only auth is noted, with the error.
func (w *writer) step(ctx context.Context, name string, do func() (note string, err error)) error {
	if err := ctx.Err(); err != nil {
		return w.add(source.Step{Name: name, Err: err})
	}
	start, first := time.Now(), len(w.steps) == 0
	note, err := do()
	if first {
		auth := source.Step{Name: "auth", Note: w.leftNote}
		if !w.mayWrite && ask.IsNotLetIn(err) {
			auth.Took, auth.Err = time.Since(start), err
			return w.add(auth)
		}
		auth.Took = max(0, w.letIn.Sub(start))
		start = start.Add(auth.Took)
		_ = w.add(auth)
	}
	return w.add(source.Step{Name: name, Took: time.Since(start), Err: err, Note: note})
}

// add notes a step. The error that it returns begins with the name of the step.
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

// urlOf returns the URL of a path of the repository at the front, such as blobs/uploads/.
func (w *writer) urlOf(path string) *url.URL {
	u := *w.URL
	u.Path, u.RawPath, u.RawQuery = "/v2/"+w.repository+"/"+path, "", ""
	return &u
}

// askAgain calls ask, and once more when the answer is that of a registry that restarts (500, 503, 504), as containerd
// does.
func (w *writer) askAgain(ctx context.Context, method string, u *url.URL, body []byte, header http.Header) (*ask.Answer, error) {
	a, err := w.ask(ctx, method, u, body, header)
	if err == nil && client.MayPass(a.Status) {
		return w.ask(ctx, method, u, body, header)
	}
	return a, err
}

// head asks with HEAD, whose answer has no body. When HEAD is refused, and GET is refused with the same status, head
// returns the answer to GET: its body says why.
func (w *writer) head(ctx context.Context, u *url.URL, header http.Header) (*ask.Answer, error) {
	a, err := w.askAgain(ctx, http.MethodHead, u, nil, header)
	silent := []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGatewayTimeout} // the status says enough
	if err != nil || a.Status < http.StatusBadRequest || slices.Contains(silent, a.Status) {
		return a, err
	}
	if why, err := w.ask(ctx, http.MethodGet, u, nil, header); err == nil && why.Status == a.Status {
		return why, nil
	}
	return a, nil
}

// ask sends a request and reads its answer, of at most 1 MiB. When ctx ends after the request was sent, ask waits
// lingerTime longer: when the registry has begun an upload, its answer says where, and the upload can be cancelled.
func (w *writer) ask(ctx context.Context, method string, u *url.URL, body []byte, header http.Header) (*ask.Answer, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	longer, cancel := linger(ctx)
	defer cancel()
	var sent time.Time
	scope := client.PushScope(w.repository)
	if method == http.MethodDelete {
		scope = client.DeleteScope(w.repository)
	}
	resp, err := w.SendTo(httptrace.WithClientTrace(longer, &httptrace.ClientTrace{
		GetConn: func(string) { sent = time.Now() },
	}), method, u, body, header, scope)
	if w.letIn.IsZero() {
		w.letIn = sent
	}
	switch {
	case err != nil && ask.IsNotLetIn(err):
		return nil, ask.NotLetIn(ask.Ended(ctx, err))
	case err != nil:
		return nil, ask.Ended(ctx, err)
	}
	a, err := ask.AnswerOf(resp, ask.MaxSmallBody)
	if err != nil {
		return a, ask.Ended(ctx, a.OrRefusal(err))
	}
	return a, nil
}

// linger returns a context that ends lingerTime after ctx.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingerTime, cancel) })
	return longer, func() { stop(); cancel() }
}

// refusal is client.WriteRefusal with one difference. After an upload could begin, a 403 without an error in the words of
// a registry is client_error: something in front of the registry refuses the request.
func (w *writer) refusal(a *ask.Answer, method string) error {
	err := client.WriteRefusal(a, method)
	if code, _ := ask.RegistryError(a.Body); w.mayWrite && code == "" && source.Reason(err) == source.ReasonForbidden {
		return source.Failed(source.ReasonClientError, "%s, not in the words of a registry", err)
	}
	return err
}
