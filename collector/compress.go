package collector

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// keptWriters is enough for two Prometheis that scrape at once.
const keptWriters = 2

// A gzipWriter takes small writes.
type gzipWriter struct {
	*bufio.Writer
	gzip *gzip.Writer
}

func newGzipWriter() *gzipWriter {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the usual level takes more than twice as long, to save a tenth
	return &gzipWriter{bufio.NewWriter(z), z}
}

// Reset begins a page for w, whatever became of the last one.
func (g *gzipWriter) Reset(w io.Writer) {
	g.gzip.Reset(w)
	g.Writer.Reset(g.gzip)
}

// Close ends the page.
func (g *gzipWriter) Close() error { return errors.Join(g.Flush(), g.gzip.Close()) }

// A compressor lends gzip writers. They weigh nearly 1 MB each, and take longer to make than to compress a page, so
// a few are kept: a sync.Pool is emptied by the garbage collector about once a scrape.
type compressor struct {
	mu   sync.Mutex
	idle []*gzipWriter
}

func (c *compressor) take() *gzipWriter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.idle) - 1; last >= 0 {
		z := c.idle[last]
		c.idle = c.idle[:last]
		return z
	}
	return newGzipWriter()
}

func (c *compressor) giveBack(z *gzipWriter) {
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

// A gzipResponse compresses all that is written to it. It has all of a bufio.Writer, for then expfmt needs no
// buffer of its own for each family.
type gzipResponse struct {
	http.ResponseWriter
	*gzipWriter
}

// Write implements io.Writer.
func (r gzipResponse) Write(b []byte) (int, error) { return r.gzipWriter.Write(b) }

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
