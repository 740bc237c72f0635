package collector

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-kit/log"
)

// timeoutHeader has the scrape_timeout of Prometheus, in seconds.
const timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

const (
	maxMargin = 500 * time.Millisecond // of Prometheus' timeout, left for sending the page; at most a quarter of it is
	maxScrape = 2 * time.Minute        // of a scrape without timeoutHeader, or with a longer one
	minAtOnce = 40                     // scrapes that may always be under way at once
)

// admit counts a scrape until the caller, whose page is served then, calls leave. Where enter refuses it, admit answers 503 and
// returns false.
func (e *Exporter) admit(w http.ResponseWriter, r *http.Request) (leave func(), admitted bool) {
	if leave, admitted = e.enter(r); !admitted {
		http.Error(w, "too many scrapes at once", http.StatusServiceUnavailable)
	}
	return leave, admitted
}

// enter counts a scrape until the caller calls leave. When more are under way than 40, or 4 for each registry, or three quarters
// of those from one address, it returns false, and the log names the address: one client leaves places to others.
func (e *Exporter) enter(r *http.Request) (leave func(), admitted bool) {
	client, most := clientOf(r), max(minAtOnce, 4*len(e.live.Load().registries))
	all, own := e.scrapes.Add(1), e.clients.add(client, 1)
	leave = func() {
		e.scrapes.Add(-1)
		e.clients.add(client, -1)
	}
	if all <= int64(most) && own <= most*3/4 {
		return leave, true
	}
	leave()
	e.noteRefused(client, own, int(all), most)
	return nil, false
}

// scrapeAll reads the wanted collectors of the registries until the timeout of the request, those that were not read within MinAge, and logs how each source
// went. When the request names no good timeout it answers 400 and returns false.
func (e *Exporter) scrapeAll(w http.ResponseWriter, r *http.Request, registries []*target, wanted func(collector string) bool, loggers ...log.Logger) (lines, bool) {
	timeout, err := scrapeTimeout(r.Header.Get(timeoutHeader))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, false
	}
	ctx, cancel := e.untilStop(r.Context())
	defer cancel()
	pages := make([]lines, len(registries))
	var group sync.WaitGroup
	for i, reg := range registries {
		group.Go(func() { pages[i] = reg.scrape(ctx, timeout, e.opts.MinAge, wanted, loggers...) })
	}
	group.Wait()
	return slices.Concat(pages...), true
}

// untilStop is ctx until Stop, which ends it as a deadline does: sources fail for reason="timeout" then.
func (e *Exporter) untilStop(ctx context.Context) (context.Context, func()) {
	ctx, cut := context.WithCancelCause(ctx)
	forget := context.AfterFunc(e.drain, func() { cut(context.DeadlineExceeded) })
	return ctx, func() {
		forget()
		cut(nil)
	}
}

// scrapeTimeout is how long a scrape may read, so that its page comes before Prometheus gives up: 9.5 s for the header
// "10", 0.75 s for "1", and maxScrape for none.
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
