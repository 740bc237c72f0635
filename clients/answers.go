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

// respond answers with this status and body.
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

// refuse answers with an error of the registry API. detail is JSON.
func refuse(status int, code, message string, detail ...string) handler {
	return respond(status, "application/json", fmt.Sprintf(`{"errors":[{"code":%q,"message":%q,"detail":%s}]}`, code, message, append(detail, "null")[0]))
}

// bare answers with the page that nginx makes for a status.
func bare(status int) handler {
	return respond(status, "text/html", fmt.Sprintf("<html><body><center><h1>%d %s</h1></center><hr><center>nginx</center></body></html>", status, http.StatusText(status)))
}

// An answer is an answer of the registry before it is sent. When Content-Length differs from the length of body, the
// connection breaks after body.
type answer struct {
	*call
	status int
	header http.Header
	body   []byte
}

// edit lets the other rules and the registry make the answer, and changes it.
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

// replace gives the answer another body and the Content-Length of that.
func (a *answer) replace(body []byte) {
	a.body = body
	a.header.Set("Content-Length", fmt.Sprint(len(body)))
}

// status changes the status of an answer below 300.
func status(status int) handler {
	return edit(func(a *answer) {
		if a.status < http.StatusMultipleChoices {
			a.status = status
		}
	})
}

// header sets a header of the answer, or removes it when value is empty.
func header(name, value string) handler {
	return edit(func(a *answer) {
		if value == "" {
			a.header.Del(name)
			return
		}
		a.header.Set(name, value)
	})
}

// location changes the Location of the answer.
func location(change func(c *call, to string) string) handler {
	return edit(func(a *answer) {
		if to := a.header.Get("Location"); to != "" {
			a.header.Set("Location", change(a.call, to))
		}
	})
}

// forDigest handles requests for a digest, forTag requests for a tag. Other rules answer all others.
func forDigest(h handler) handler { return only(isDigest, h) }

func forTag(h handler) handler {
	return only(func(c *call) bool { return !isDigest(c) }, h)
}

func isDigest(c *call) bool { return strings.HasPrefix(c.name, "sha") }

// of handles requests for the blob or manifest d.
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

// first handles the first n requests of each kind and name.
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

// toStore redirects to the store, which has the same blobs.
func toStore(status int) handler {
	return func(c *call) {
		c.w.Header().Set("Location", c.store.URL+"/signed/"+c.name+"?X-Amz-Signature=0123%2Fab")
		c.w.WriteHeader(status)
	}
}

// cut announces the whole body, and sends its first length(n) of n bytes.
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

// withoutRanges answers as a server that ignores Range.
func withoutRanges() handler {
	return func(c *call) {
		c.r.Header.Del("Range")
		edit(func(a *answer) { a.header.Del("Accept-Ranges") })(c)
	}
}

// hang does not answer. It returns when the client gives up.
func hang(c *call) { <-c.r.Context().Done() }

// limited refuses bodies of more than n bytes with 413, as nginx does with client_max_body_size.
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

// readCloser is a body in memory: Close does nothing.
type readCloser struct{ *bytes.Buffer }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }

// lastPart returns the size in a Content-Range: 9 of "bytes 8-8/9".
func lastPart(contentRange string) string {
	return contentRange[strings.LastIndex(contentRange, "/")+1:]
}

// lessOne writes the end of a Content-Range over all of n bytes: 9/10 for 10.
func lessOne(n int) string { return fmt.Sprintf("%d/%d", n-1, n) }
