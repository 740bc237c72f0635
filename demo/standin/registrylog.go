package standin

import (
	"fmt"
	"net/http"
	"time"
)

// newRegistryLog writes the lines that Distribution itself writes, in its format text: one for the end of each request that an
// account was let in for.
func newRegistryLog(path string, f *Faults) (*accessLog, error) {
	l := &accessLog{path: path, line: func(x *exchange, r *http.Request) string { return x.registryLine(r, f) }}
	return l, l.open()
}

func (x *exchange) registryLine(r *http.Request, f *Faults) string {
	status := max(x.status, http.StatusOK)
	level, message, detail := "info", "response completed", ""
	switch {
	case status == http.StatusUnauthorized || status == http.StatusServiceUnavailable: // a login that begins, and a failing health check
		return ""
	case status >= http.StatusInternalServerError:
		level, message, detail = "error", "response completed with error", ` err.code=unknown err.detail="swift: Timeout expired"`
		if f.On("store-full") {
			detail = ` err.code=unknown err.detail="filesystem: mkdir /var/lib/registry/docker: no space left on device"`
		}
	case status >= http.StatusBadRequest:
		level, message = "error", "response completed with error"
	}
	sent := x.sent
	if r.Method == http.MethodHead {
		sent = 0
	}
	return fmt.Sprintf("time=%q level=%s msg=%q%s http.request.method=%s http.request.uri=%q http.request.useragent=%q http.response.duration=%q http.response.status=%d http.response.written=%d\n",
		time.Now().UTC().Format(time.RFC3339Nano), level, message, detail, r.Method, r.RequestURI, r.UserAgent(), time.Since(x.start), status, sent)
}
