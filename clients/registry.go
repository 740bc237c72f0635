// Package clients judges the probes: it lets real clients and the probes pull from and push to one fake registry, which
// behaves as some registry or proxy is known to do, and compares what they make of it.
package clients

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
)

const (
	repository = "team/app"
	tag        = "1.0"
	canary     = "monitoring/canary" // what the probe pushes to
)

// A document is a manifest or an index, with the type that it was pushed with.
type document struct {
	mediaType string
	body      []byte
}

// A registry keeps images in memory and answers as Distribution does, but for the rules of its behaviour.
type registry struct {
	front *httptest.Server
	store *httptest.Server // another host: where blobs are kept, or tokens are made

	shows atomic.Pointer[tls.Config] // set: what the front shows instead of its own certificate

	mu        sync.Mutex
	manifests map[string]document // by tag and by digest
	blobs     map[digest.Digest][]byte
	uploads   map[string][]byte // under way, by id
	started   int               // uploads
	rules     []rule
	asked     []string // kinds of requests, as they came
	last      int      // status of the last answer
	stray     []string // hosts that an answer names and that are not here
}

// A rule answers requests of a kind: METHOD and one of base, manifest, blob, upload, token or store; * stands for any.
type rule struct {
	pattern string
	answer  handler
}

// A handler answers a call, or lets what comes after it do so.
type handler func(c *call)

// A call is one request.
type call struct {
	*registry
	w    http.ResponseWriter
	r    *http.Request
	kind string // as a rule has it: GET manifest
	name string // what ends the path: a tag, a digest, or the id of an upload
	rest []rule // that have not been asked
}

// next lets the other rules answer and, without any, the registry.
func (c *call) next() {
	for i, rule := range c.rest {
		if ok, _ := path.Match(rule.pattern, c.kind); ok {
			after := *c
			after.rest = c.rest[i+1:]
			rule.answer(&after)
			return
		}
	}
	c.serve()
}

func newRegistry(https bool) *registry {
	f := &registry{manifests: map[string]document{}, blobs: map[digest.Digest][]byte{}, uploads: map[string][]byte{}}
	f.front = f.listen("127.0.0.1", false)
	if https {
		f.front.TLS = serverConfig(f.front.Listener.Addr(), authorities.front)
		f.front.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.shows.Load(), nil }
		f.front.StartTLS()
	} else {
		f.front.Start()
	}
	return f
}

// listen makes a server that has yet to be started. Its host is another one for clients, which look at no port.
func (f *registry) listen(address string, isStore bool) *httptest.Server {
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		panic(fmt.Sprintf("listening on loopback: %s", err))
	}
	return &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.handle(w, r, isStore)
			_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<20)) // as nginx does: else the client may see a reset before the answer
		}),
		ErrorLog: log.New(io.Discard, "", 0),
	}}
}

// openStore starts the other host, with TLS when an authority is to sign its certificate.
func (f *registry) openStore(signer *authority) *registry {
	f.store = f.listen("127.0.0.2", true)
	if signer != nil {
		f.store.TLS = serverConfig(f.store.Listener.Addr(), signer)
		f.store.StartTLS()
	} else {
		f.store.Start()
	}
	return f
}

func (f *registry) close() {
	f.front.CloseClientConnections()
	f.front.Close()
	if f.store != nil {
		f.store.CloseClientConnections()
		f.store.Close()
	}
}

func (f *registry) host() string { return f.front.Listener.Addr().String() }

// on adds a rule. Those that were added first are asked first.
func (f *registry) on(pattern string, answer handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, rule{pattern, answer})
}

func (f *registry) handle(w http.ResponseWriter, r *http.Request, isStore bool) {
	kind, name := kindOf(r, isStore)
	f.mu.Lock()
	f.asked = append(f.asked, kind)
	rules := f.rules
	f.mu.Unlock()
	(&call{registry: f, w: &watched{w, f}, r: r, kind: kind, name: name, rest: rules}).next()
}

// lastAsked is the kind of the last request, and the status of the last answer.
func (f *registry) lastAsked() (kind string, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return "", 0
	}
	return f.asked[len(f.asked)-1], f.last
}

var paths = regexp.MustCompile(`^/v2/.+/(manifest|blob)s/(uploads/)?([^/]*)$`)

func kindOf(r *http.Request, isStore bool) (kind, name string) {
	m := paths.FindStringSubmatch(r.URL.Path)
	switch {
	case isStore:
		return r.Method + " store", path.Base(r.URL.Path)
	case r.URL.Path == "/token":
		return r.Method + " token", ""
	case m == nil:
		return r.Method + " base", ""
	case m[2] != "":
		return r.Method + " upload", m[3]
	}
	return r.Method + " " + m[1], m[3]
}

// watched notes hosts that an answer sends clients to.
type watched struct {
	http.ResponseWriter
	f *registry
}

var named = regexp.MustCompile(`https?://([^/":]*)`)

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	for _, value := range append(w.Header().Values("Location"), w.Header().Values("WWW-Authenticate")...) {
		for _, host := range named.FindAllStringSubmatch(value, -1) {
			if !strings.HasPrefix(host[1], "127.") {
				w.f.mu.Lock()
				w.f.stray = append(w.f.stray, host[1])
				w.f.mu.Unlock()
			}
		}
	}
	w.f.mu.Lock()
	w.f.last = status
	w.f.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (c *call) serve() {
	c.w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	method, what, _ := strings.Cut(c.kind, " ")
	switch {
	case what == "base" && c.r.URL.Path != "/v2/":
		respond(http.StatusNotFound, "text/plain", "404 page not found")(c)
	case what == "base":
		respond(http.StatusOK, "application/json", "{}")(c)
	case what == "token":
		respond(http.StatusOK, "application/json", `{"token":"good"}`)(c)
	case what == "upload":
		c.upload(method)
	case what == "blob" || what == "store":
		c.blob()
	case method == http.MethodPut:
		c.putManifest()
	case method == http.MethodDelete:
		c.deleteManifest()
	default:
		c.manifest()
	}
}
