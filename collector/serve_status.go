package collector

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"registry_exporter/collector/source"

	"github.com/go-kit/log/level"
)

// maxStatus bounds how long people wait for the page. What is slower counts as timeout there.
const maxStatus = 5 * time.Second

// ServeStatus is the handler of /: how all registries are now, for a browser. Probes are as their last run found them.
func (e *Exporter) ServeStatus(w http.ResponseWriter, r *http.Request) {
	if !e.admit(w) {
		return
	}
	defer e.scrapes.Add(-1)
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	defer context.AfterFunc(e.drain, func() { cut(context.DeadlineExceeded) })()
	report := e.reportOn(e.live.Load().registries, func(reg *target) []source.Result {
		return reg.read(ctx, maxStatus, everything, func(int, source.Result) {})
	})
	var page bytes.Buffer
	if err := report.WriteStatus(&page); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	limitServing(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := page.WriteTo(w); err != nil {
		level.Debug(e.opts.Logger).Log("msg", "client of the page went away", "err", err)
	}
}
