package clients

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
)

// respond answers with a status and a body.
func respond(status int, contentType, body string) handler {
	return func(c *call) {
		c.w.Header().Set("Content-Type", contentType)
		c.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		c.w.WriteHeader(status)
		if c.r.Method != http.MethodHead {
			fmt.Fprint(c.w, body)
		}
	}
}

// refuse answers with the error of a registry. The detail is JSON.
func refuse(status int, code, message string, detail ...string) handler {
	return respond(status, "application/json", fmt.Sprintf(`{"errors":[{"code":%q,"message":%q,"detail":%s}]}`, code, message, append(detail, "null")[0]))
}

// bare answers as nginx does by itself.
func bare(status int) handler {
	return respond(status, "text/html", fmt.Sprintf("<html><body><center><h1>%d %s</h1></center><hr><center>nginx</center></body></html>", status, http.StatusText(status)))
}

// An answer is what a registry would have said. Without a body of the length it names, it is cut off.
type answer struct {
	*call
	status int
	header http.Header
	body   []byte
}

// edit changes the answer that comes after.
func edit(change func(a *answer)) handler {
	return func(c *call) {
		recorded := httptest.NewRecorder()
		after := *c
		after.w = recorded
		after.next()
		a := &answer{call: c, status: recorded.Code, header: recorded.Header(), body: recorded.Body.Bytes()}
		change(a)
		a.send()
	}
}

func (a *answer) send() {
	for name := range a.w.Header() {
		a.w.Header().Del(name)
	}
	for name, values := range a.header {
		a.w.Header()[name] = values
	}
	if a.r.Method != http.MethodHead && a.header.Get("Content-Length") == "" && a.header.Get("Transfer-Encoding") == "" &&
		a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		a.w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	}
	a.w.WriteHeader(a.status)
	if a.r.Method == http.MethodHead {
		return
	}
	_, _ = a.w.Write(a.body)
	if announced := a.header.Get("Content-Length"); announced != "" && announced != fmt.Sprint(len(a.body)) {
		_ = http.NewResponseController(a.w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// replace gives the answer another body, and its length.
func (a *answer) replace(body []byte) {
	a.body = body
	a.header.Set("Content-Length", fmt.Sprint(len(body)))
}

// status changes the status of a good answer.
func status(status int) handler {
	return edit(func(a *answer) {
		if a.status < http.StatusMultipleChoices {
			a.status = status
		}
	})
}

// header sets a header, or takes it away.
func header(name, value string) handler {
	return edit(func(a *answer) {
		if value == "" {
			a.header.Del(name)
			return
		}
		a.header.Set(name, value)
	})
}

// location changes where clients are sent.
func location(change func(c *call, to string) string) handler {
	return edit(func(a *answer) {
		if to := a.header.Get("Location"); to != "" {
			a.header.Set("Location", change(a.call, to))
		}
	})
}

// forDigest is for what is asked for by digest; forTag for what is asked for by tag.
func forDigest(h handler) handler { return only(isDigest, h) }

func forTag(h handler) handler {
	return only(func(c *call) bool { return !isDigest(c) }, h)
}

func isDigest(c *call) bool { return strings.HasPrefix(c.name, "sha") }

// of is for one blob or manifest.
func of(d digest.Digest, h handler) handler {
	return only(func(c *call) bool { return c.name == d.String() }, h)
}

func only(is func(*call) bool, h handler) handler {
	return func(c *call) {
		if is(c) {
			h(c)
			return
		}
		c.next()
	}
}

// first is for the first requests of each kind and name.
func first(n int, h handler) handler {
	type request struct {
		*registry
		kind, name string
	}
	var mu sync.Mutex
	seen := map[request]int{}
	return only(func(c *call) bool {
		mu.Lock()
		defer mu.Unlock()
		r := request{c.registry, c.kind, c.name}
		seen[r]++
		return seen[r] <= n
	}, h)
}

// toStore redirects to the other host, which has the same blobs.
func toStore(status int) handler {
	return func(c *call) {
		c.w.Header().Set("Location", c.store.URL+"/signed/"+c.name+"?X-Amz-Signature=0123%2Fab")
		c.w.WriteHeader(status)
	}
}

// cut announces all of a body and sends a part of it.
func cut(length func(n int) int) handler {
	return edit(func(a *answer) {
		a.header.Set("Content-Length", fmt.Sprint(len(a.body)))
		a.body = a.body[:length(len(a.body))]
	})
}

func nothing(int) int         { return 0 }
func half(n int) int          { return n / 2 }
func shorter(b []byte) []byte { return b[:len(b)-1] }
func longer(b []byte) []byte  { return append(b, 'x') }
func flipped(b []byte) []byte { b[len(b)/2] ^= 1; return b }

// withoutRanges answers as a server does that knows none.
func withoutRanges() handler {
	return func(c *call) {
		c.r.Header.Del("Range")
		edit(func(a *answer) { a.header.Del("Accept-Ranges") })(c)
	}
}

// hang says nothing until the client gives up.
func hang(c *call) { <-c.r.Context().Done() }

// limited refuses bodies over n bytes, as nginx does with client_max_body_size.
func limited(n int64) handler {
	return func(c *call) {
		if c.r.ContentLength > n {
			bare(http.StatusRequestEntityTooLarge)(c)
			return
		}
		var body bytes.Buffer
		if got, _ := body.ReadFrom(http.MaxBytesReader(nil, c.r.Body, n+1)); got > n {
			bare(http.StatusRequestEntityTooLarge)(c)
			return
		}
		c.r.Body = http.NoBody
		if body.Len() > 0 {
			c.r.Body = readCloser{&body}
		}
		c.next()
	}
}

// readCloser has nothing to close.
type readCloser struct{ *bytes.Buffer }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }

// lastPart is what follows the slash of a Content-Range.
func lastPart(contentRange string) string {
	return contentRange[strings.LastIndex(contentRange, "/")+1:]
}

// lessOne ends a Content-Range over all of n bytes.
func lessOne(n int) string { return fmt.Sprintf("%d/%d", n-1, n) }
