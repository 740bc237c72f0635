package collector

import (
	"bytes"
	"net/http"
	"time"

	"registry_exporter/collector/source"

	"github.com/go-kit/log/level"
)

// maxStatus is how long a source may take on the page for browsers. Then it fails there with reason "timeout".
const maxStatus = 5 * time.Second

// ServeStatus is the handler of /: the report on all registries as HTML. It reads all sources; of a probe it shows the
// last run, and starts none. It answers 503 to too many scrapes at once.
func (e *Exporter) ServeStatus(w http.ResponseWriter, r *http.Request) {
	leave, admitted := e.admit(w, r)
	if !admitted {
		return
	}
	defer leave()
	ctx, cancel := e.untilStop(r.Context())
	defer cancel()
	all := e.reportOn(e.live.Load().registries, func(reg *target) []source.Result {
		return reg.read(ctx, maxStatus, 0, everything, func(int, source.Result) {})
	})
	var page bytes.Buffer
	if err := all.WriteStatus(&page); err != nil {
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
