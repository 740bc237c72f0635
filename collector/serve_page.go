package collector

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // lets promhttp compress with zstd
	"github.com/prometheus/common/expfmt"
)

const (
	maxServe     = 30 * time.Second // in which a client has to read its page
	maxPageError = 1000             // bytes of an error in the log, which may name many series
)

// limitServing closes the connection of a client that has not read its page after maxServe.
func limitServing(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxServe)) // fails for recorders of tests only
}

// servePage answers with a page, in the format and the encoding that the request accepts. A series that cannot be
// written is left out, and the log says so.
func (e *Exporter) servePage(w http.ResponseWriter, r *http.Request, g prometheus.Gatherer) {
	limitServing(w)
	promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorLog:          &pageLog{logger: e.opts.Logger},
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	}).ServeHTTP(w, r)
}

// serveDebug answers with the log of a scrape and its samples, as text.
func serveDebug(w http.ResponseWriter, g prometheus.Gatherer, logged *bytes.Buffer) {
	limitServing(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Log of this scrape:\n\n%s\nSamples:\n\n", logged)
	families, err := g.Gather()
	for _, f := range families {
		_, _ = expfmt.MetricFamilyToText(w, f)
	}
	if err != nil {
		fmt.Fprintf(w, "\nNot shown: %s\n", err)
	}
}

// A pageLog is the logger of promhttp for one page. It logs the first error only: when a client hangs up, promhttp
// has one error for each metric.
type pageLog struct {
	logger log.Logger
	logged bool
}

// Println implements promhttp.Logger.
func (l *pageLog) Println(v ...any) {
	if l.logged {
		return
	}
	l.logged = true
	text := strings.TrimSuffix(fmt.Sprintln(v...), "\n")
	level.Error(l.logger).Log("msg", "serving a page", "err", text[:min(len(text), maxPageError)])
}
