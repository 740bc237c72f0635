package collector

import (
	"bytes"
	"net/http"

	"github.com/go-kit/log"
)

// ServeMetrics is the handler of /metrics: the exporter's own metrics and, unless Options says otherwise, those of all
// registries. It answers 400 to a bad timeout, and 503 to too many scrapes at once.
func (e *Exporter) ServeMetrics(w http.ResponseWriter, r *http.Request) {
	if !e.opts.Registries {
		e.servePage(w, r, e.self)
		return
	}
	leave, admitted := e.admit(w, r)
	if !admitted {
		return
	}
	defer leave()
	if read, ok := e.scrapeAll(w, r, e.live.Load().registries, everything, e.opts.Logger); ok {
		e.servePage(w, r, newPage(read, e.self))
	}
}

// ServeProbe is the handler of /probe?registry=NAME[&site=SITE][&collect[]=COLLECTOR][&debug=true]: the metrics of one
// registry, or of some collectors of it, or with debug the log of the scrape as well. It answers 400 to a bad query or
// timeout, 404 to an unknown registry or site, and 503 to too many scrapes at once.
func (e *Exporter) ServeProbe(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	reg, status, err := e.live.Load().find(q.Get("registry"), q.Get("site"))
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	wanted, err := wantedCollectors(q["collect[]"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	leave, admitted := e.admit(w, r)
	if !admitted {
		return
	}
	defer leave()
	loggers, debug := []log.Logger{e.opts.Logger}, (*bytes.Buffer)(nil)
	if q.Get("debug") == "true" {
		debug = &bytes.Buffer{}
		loggers = append(loggers, log.NewLogfmtLogger(log.NewSyncWriter(debug)))
	}
	read, ok := e.scrapeAll(w, r, []*target{reg}, wanted, loggers...)
	switch {
	case !ok:
	case debug != nil:
		serveDebug(w, newPage(read), debug)
	default:
		e.servePage(w, r, newPage(read, e.web))
	}
}
