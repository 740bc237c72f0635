package collector

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // lets promhttp compress with zstd
	"github.com/prometheus/common/expfmt"
)

const (
	timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"
	// maxMargin is what a scrape leaves of Prometheus' timeout for the way back.
	maxMargin = 500 * time.Millisecond
	// maxScrape bounds a scrape that names no timeout.
	maxScrape = 2 * time.Minute
	// maxServe bounds how long a client takes to read its page.
	maxServe = 30 * time.Second
	// maxPageError bounds the text of an error of a page, which may name many series.
	maxPageError = 1000
)

// ServeMetrics is the handler of /metrics: the exporter itself and, unless switched off, all registries.
func (e *Exporter) ServeMetrics(w http.ResponseWriter, r *http.Request) {
	if !e.opts.Registries {
		e.servePage(w, r, e.self)
		return
	}
	if !e.admit(w) {
		return
	}
	defer e.scrapes.Add(-1)
	if read, ok := e.scrape(w, r, e.live.Load().registries, everything, e.opts.Logger); ok {
		e.servePage(w, r, newPage(read, e.self))
	}
}

// ServeProbe is the handler of /probe?registry=NAME[&site=SITE][&collect[]=COLLECTOR][&debug=true]: one registry.
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
	if !e.admit(w) {
		return
	}
	defer e.scrapes.Add(-1)
	loggers, debug := []log.Logger{e.opts.Logger}, (*bytes.Buffer)(nil)
	if q.Get("debug") == "true" {
		debug = &bytes.Buffer{}
		loggers = append(loggers, log.NewLogfmtLogger(log.NewSyncWriter(debug)))
	}
	read, ok := e.scrape(w, r, []*target{reg}, wanted, loggers...)
	switch {
	case !ok:
	case debug != nil:
		serveDebug(w, newPage(read), debug)
	default:
		e.servePage(w, r, newPage(read, e.web))
	}
}

func everything(string) bool { return true }

// find is the registry of a name, and of a site where the name has several.
func (l *live) find(name, site string) (*target, int, error) {
	if name == "" {
		return nil, http.StatusBadRequest, fmt.Errorf("registry is missing: /probe?registry=NAME, one of: %s", strings.Join(l.names(), ", "))
	}
	var found []*target
	var sites []string
	for _, r := range l.registries {
		if r.name == name && (site == "" || r.site == site) {
			found = append(found, r)
			sites = append(sites, r.site)
		}
	}
	switch len(found) {
	case 0:
		return nil, http.StatusNotFound, fmt.Errorf("no registry %q, site %q in the configuration; there are: %s", name, site, strings.Join(l.names(), ", "))
	case 1:
		return found[0], http.StatusOK, nil
	}
	return nil, http.StatusBadRequest, fmt.Errorf("registry %q has several sites: add &site= with one of: %s", name, strings.Join(sites, ", "))
}

func (l *live) names() []string {
	var names []string
	for _, r := range l.registries {
		names = append(names, r.instance())
	}
	return names
}

func wantedCollectors(names []string) (func(string) bool, error) {
	if len(names) == 0 {
		return everything, nil
	}
	var known []string
	for _, c := range collectorTable {
		known = append(known, c.name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("no collector %q; there are: %s", n, strings.Join(known, ", "))
		}
	}
	return func(c string) bool { return slices.Contains(names, c) }, nil
}

// admit counts a scrape, which counts until its page is served. When there are too many it has answered already
// and returns false.
func (e *Exporter) admit(w http.ResponseWriter) bool {
	if e.scrapes.Add(1) <= int64(max(40, 4*len(e.live.Load().registries))) {
		return true
	}
	e.scrapes.Add(-1)
	e.scrapesRejected.Inc()
	http.Error(w, "too many scrapes at once", http.StatusServiceUnavailable)
	return false
}

// scrape reads the registries. When it cannot it has answered already and returns false.
func (e *Exporter) scrape(w http.ResponseWriter, r *http.Request, registries []*target, wanted func(string) bool, loggers ...log.Logger) (lines, bool) {
	timeout, err := scrapeTimeout(r.Header.Get(timeoutHeader))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, false
	}
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	defer context.AfterFunc(e.drain, func() { cut(context.DeadlineExceeded) })()

	pages := make([]lines, len(registries))
	var group sync.WaitGroup
	for i, reg := range registries {
		group.Go(func() { pages[i] = reg.scrape(ctx, timeout, wanted, loggers...) })
	}
	group.Wait()
	return slices.Concat(pages...), true
}

// scrapeTimeout is how long a scrape may take for Prometheus to get its page.
func scrapeTimeout(header string) (time.Duration, error) {
	if header == "" {
		return maxScrape, nil
	}
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil || !(seconds > 0) || seconds > 1e6 {
		return 0, fmt.Errorf("%s must be a number of seconds above 0", timeoutHeader)
	}
	timeout := time.Duration(seconds * float64(time.Second))
	return min(timeout-min(maxMargin, timeout/4), maxScrape), nil
}

// limitServing ends the connection of a client that does not read: it would hold its page for ever.
func limitServing(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxServe)) // all that net/http gives us can
}

func (e *Exporter) servePage(w http.ResponseWriter, r *http.Request, g prometheus.Gatherer) {
	limitServing(w)
	promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorLog:          &pageLog{logger: e.opts.Logger},
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	}).ServeHTTP(w, r)
}

// serveDebug shows what a scrape logged and found, as text for a person.
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

// A pageLog is the logger that promhttp wants, for one page. It logs the first error: once a client went away,
// promhttp has one for each metric.
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
