package collector

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// A debug page writes each line of the log as well. Both times the line has the place in the code that logged it.
func TestCallerInTheLogOfADebugPage(t *testing.T) {
	e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
	var logged strings.Builder
	e.opts.Logger = log.With(log.NewLogfmtLogger(&logged), "caller", log.DefaultCaller)
	testserver.Ask(t, e.ServeProbe, "/probe?registry=hub")
	testserver.Ask(t, e.ServeProbe, "/probe?registry=hub&debug=true")
	if n := strings.Count(logged.String(), "caller=target.go:"); n != 2 || strings.Count(logged.String(), "\n") != 2 {
		t.Errorf("%d lines of two are by target.go:\n%s", n, &logged)
	}
}

// A deadlineRecorder is a client that reads only when a test tells it to. It keeps the write deadline of the server.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	deadline time.Time
	writes   chan struct{} // takes one for each write
}

func (r *deadlineRecorder) SetWriteDeadline(t time.Time) error {
	r.deadline = t
	return nil
}

func (r *deadlineRecorder) Write(b []byte) (int, error) {
	r.writes <- struct{}{}
	return r.ResponseRecorder.Write(b)
}

func TestPageThatNobodyReads(t *testing.T) {
	for _, path := range []string{"/metrics", "/probe?registry=hub", "/probe?registry=hub&debug=true"} {
		t.Run(path, func(t *testing.T) {
			e := newTestExporter(t, configOfHub("http://127.0.0.1:1", ""))
			handler := e.ServeProbe
			if path == "/metrics" {
				handler = e.ServeMetrics
			}
			w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder(), writes: make(chan struct{})}
			done, cancel := context.WithCancel(t.Context())
			go func() {
				defer cancel()
				handler(w, httptest.NewRequest(http.MethodGet, path, nil))
			}()
			<-w.writes
			if n := e.scrapes.Load(); n != 1 {
				t.Errorf("%d scrapes count while a page is written", n)
			}
			if left := time.Until(w.deadline); left <= 0 || left > maxServe {
				t.Errorf("the client may take %s to read", left)
			}
			for done.Err() == nil {
				select {
				case <-w.writes:
				case <-done.Done():
				}
			}
			if n := e.scrapes.Load(); n != 0 {
				t.Errorf("%d scrapes count afterwards", n)
			}
		})
	}
}
