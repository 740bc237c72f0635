package fakeswift

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Objects are the containers of a Server. A request is a PUT, GET or DELETE of an object, or the LIST of a container.
type Objects struct {
	Instead    map[string]http.HandlerFunc  // answers PUT, GET, DELETE or LIST instead of the server; set before the first request
	PageSize   int                          // objects of a listing whose request has no limit
	Containers map[string]map[string]string // content of objects by container and name; set before the first request

	mu      sync.Mutex
	done    []string
	headers map[string]http.Header // of the last PUT, GET, DELETE and LIST
}

func newObjects() *Objects {
	return &Objects{
		Instead: map[string]http.HandlerFunc{}, PageSize: 10000, headers: map[string]http.Header{},
		Containers: map[string]map[string]string{
			"monitoring": {},
			"registry":   {"files/docker/manifest": "", "files/docker/link": "sha256:1", "segments/a00/1": "layer", "segments/b00/2": "layers"},
		},
	}
}

func (o *Objects) serve(mux *http.ServeMux, hasToken func(http.ResponseWriter, *http.Request) bool) {
	at := func(pattern, request string, usual http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			o.mu.Lock()
			o.done = append(o.done, request)
			o.headers[request] = r.Header
			o.mu.Unlock()
			switch {
			case !hasToken(w, r):
			case o.Instead[request] != nil:
				o.Instead[request](w, r)
			default:
				usual(w, r)
			}
		})
	}
	at("GET /v1/AUTH_docker/{container}", "LIST", o.List)
	at("PUT /v1/AUTH_docker/{container}/{object...}", "PUT", o.Put)
	at("GET /v1/AUTH_docker/{container}/{object...}", "GET", o.Get)
	at("DELETE /v1/AUTH_docker/{container}/{object...}", "DELETE", o.Delete)
}

// in returns the objects of the container that a request names.
func (o *Objects) in(w http.ResponseWriter, r *http.Request) (objects map[string]string, name string, found bool) {
	if objects, found = o.Containers[r.PathValue("container")]; !found {
		w.WriteHeader(http.StatusNotFound)
	}
	return objects, r.PathValue("object"), found
}

// Put stores an object and answers 201. It answers 422 when the ETag of the request is not that of the content.
func (o *Objects) Put(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	objects, name, found := o.in(w, r)
	if !found {
		return
	}
	content, _ := io.ReadAll(r.Body)
	etag := ETag(string(content))
	if r.Header.Get("ETag") != etag {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	objects[name] = string(content)
	w.Header().Set("ETag", etag)
	w.WriteHeader(http.StatusCreated)
}

// Get answers with an object, or with the range of it that the request asks for.
func (o *Objects) Get(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	objects, name, found := o.in(w, r)
	if !found {
		return
	}
	content, found := objects[name]
	if !found {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", ETag(content))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

// Delete deletes an object. It answers 204 even when there was none.
func (o *Objects) Delete(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if objects, name, found := o.in(w, r); found {
		delete(objects, name)
		w.WriteHeader(http.StatusNoContent)
	}
}

// List answers with one page of the listing of a container, as marker, prefix and limit ask for it.
func (o *Objects) List(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	objects, _, found := o.in(w, r)
	if !found {
		return
	}
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = o.PageSize
	}
	page := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if len(page) < limit && name > query.Get("marker") && strings.HasPrefix(name, query.Get("prefix")) {
			page = append(page, map[string]any{
				"name": name, "bytes": len(objects[name]), "hash": ETag(objects[name]),
				"content_type": "application/octet-stream", "last_modified": "2026-01-01T00:00:00.000000",
			})
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(page)
}

// Done returns the requests since the start, such as "PUT GET DELETE LIST".
func (o *Objects) Done() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.done, " ")
}

// Header returns a header of the last PUT, GET, DELETE or LIST.
func (o *Objects) Header(request, name string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.headers[request].Get(name)
}

// Names returns the names of the objects in a container, sorted.
func (o *Objects) Names(container string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.Containers[container]))
}

// Content returns the content of an object; empty when there is no such object.
func (o *Objects) Content(container, object string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Containers[container][object]
}

// ETag returns the MD5 of content in hex.
func ETag(content string) string {
	sum := md5.Sum([]byte(content))
	return hex.EncodeToString(sum[:])
}

// Answer answers with a status and a body.
func Answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Dead is the answer of Swift's proxy for a server that it cannot reach.
func Dead(w http.ResponseWriter, r *http.Request) {
	Answer(http.StatusServiceUnavailable, "<html><h1>Service Unavailable</h1></html>")(w, r)
}
