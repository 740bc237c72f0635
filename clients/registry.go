// Package clients judges the probes. Real clients (containerd, crane, skopeo) and the probes pull from a fake registry
// and push to it, which behaves as some registry or proxy is known to do. The test compares their results.
//
//	registry.go      the fake registry, as Distribution answers; stored.go, upload.go: what it stores; images.go: images to store
//	answers.go       handlers that change its answers; tls.go: certificates of its front
//	behaviour.go     behaviour: a row of the table, and the ruling of what the probe has to say
//	clients.go       site: a registry for one client; containerd.go, crane.go and skopeo.go: the clients; ours.go: the probes
//	nodes.go         rows about the files of a node, for the command node; noderuntimes.go: who reads them
//	result.go        result: how far a client came; verdict.go compares results
//
// Rows of the table:
//
//	blobs.go, encodings.go, fronts.go, heads.go, indexes.go, manifests.go, redirects.go   of pulls
//	locations.go, uploads.go                                                              of pushes
//	refusals.go, tokens.go, challenges.go, certificates.go, servers.go                    of both
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

// A document is a manifest or an index, with the media type under which it was pushed.
type document struct {
	mediaType string
	body      []byte
}

// A registry keeps images in memory, and answers as Distribution does, unless a rule of its behaviour answers.
type registry struct {
	front *httptest.Server
	store *httptest.Server // another host, for blobs or for tokens; nil: there is none

	shows atomic.Pointer[tls.Config] // the front's certificate in place of its own; nil: its own

	mu        sync.Mutex
	manifests map[string]document // by tag and by digest
	blobs     map[digest.Digest][]byte
	uploads   map[string][]byte // under way, by id
	started   int               // number of uploads so far
	rules     []rule
	asked     []string // kinds of all requests, in the order in which they came
	last      int      // status of the last answer
	stray     []string // hosts that an answer named and that are not on loopback
}

// A rule answers requests whose kind fits its pattern: METHOD and one of base, manifest, blob, upload, token or store. *
// stands for any word: "GET blob", "* upload".
type rule struct {
	pattern string
	answer  handler
}

// A handler answers a call, or calls c.next to let the rules after it answer.
type handler func(c *call)

// A call is one request.
type call struct {
	*registry
	w    http.ResponseWriter
	r    *http.Request
	kind string // as in the pattern of a rule: GET manifest
	name string // the end of the path: a tag, a digest, or the id of an upload
	rest []rule // the rules after this one
}

// next lets the rules after this one answer, and after the last rule the registry itself.
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

// listen makes a server that is not started yet. Each address, such as 127.0.0.2, is a host of its own for clients: they
// do not look at the port.
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

// openStore starts the store on a host of its own, with TLS when signer is to sign its certificate.
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

// on adds a rule behind the others.
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

// lastAsked returns the kind of the last request, and the status of the last answer.
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

// watched notes the hosts in the Location or the challenge of an answer.
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
