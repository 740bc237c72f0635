package collector

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// keptWriters is enough for two Prometheis that scrape at once.
const keptWriters = 2

// A compressor lends gzip writers. They weigh 1 MB each, and take longer to make than to compress a page, so a few
// are kept: a sync.Pool is emptied by the garbage collector about once a scrape.
type compressor struct {
	mu   sync.Mutex
	idle []*gzip.Writer
}

func (c *compressor) take() *gzip.Writer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.idle) - 1; last >= 0 {
		z := c.idle[last]
		c.idle = c.idle[:last]
		return z
	}
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the usual level takes more than twice as long, to save a tenth
	return z
}

func (c *compressor) giveBack(z *gzip.Writer) {
	z.Reset(nil) // lets go of the connection
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) < keptWriters {
		c.idle = append(c.idle, z)
	}
}

// serve answers as page does, compressed for clients that take it.
func (c *compressor) serve(w http.ResponseWriter, r *http.Request, page http.Handler) {
	w.Header().Add("Vary", "Accept-Encoding")
	if !acceptsGzip(r.Header.Values("Accept-Encoding")) {
		page.ServeHTTP(w, r)
		return
	}
	z := c.take()
	defer c.giveBack(z)
	z.Reset(w)
	w.Header().Set("Content-Encoding", "gzip")
	page.ServeHTTP(gzipResponse{w, z}, r)
	_ = z.Close() // an error is a client that went away
}

// A gzipResponse compresses all that is written to it.
type gzipResponse struct {
	http.ResponseWriter
	gzip *gzip.Writer
}

// Write implements io.Writer.
func (r gzipResponse) Write(b []byte) (int, error) { return r.gzip.Write(b) }

// acceptsGzip says whether gzip is named, and not with q=0.
func acceptsGzip(accepted []string) bool {
	for _, header := range accepted {
		for coding := range strings.SplitSeq(header, ",") {
			name, parameter, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, weighted := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameter, " ", "")), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !weighted || err == nil && weight > 0
		}
	}
	return false
}
