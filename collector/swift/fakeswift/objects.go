package swift

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// fakeObjects are the containers of a fakeSwift, and what is done with their objects: PUT, GET and DELETE of an
// object, LIST of a container.
type fakeObjects struct {
	instead  map[string]http.HandlerFunc // of the usual answers, by what is done; set before the first request
	pageSize int                         // of a listing for which no limit is asked

	mu         *sync.Mutex
	containers map[string]map[string]string
	done       []string
	headers    map[string]http.Header // of the last request, by what was done
}

func newFakeObjects() fakeObjects {
	return fakeObjects{
		instead: map[string]http.HandlerFunc{}, pageSize: 10000, mu: &sync.Mutex{}, headers: map[string]http.Header{},
		containers: map[string]map[string]string{
			"monitoring": {},
			"registry":   {"files/docker/manifest": "", "files/docker/link": "sha256:1", "segments/a00/1": "layer", "segments/b00/2": "layers"},
		},
	}
}

func (o *fakeObjects) serve(mux *http.ServeMux, letIn func(http.ResponseWriter, *http.Request) bool) {
	at := func(pattern, what string, usual http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			o.mu.Lock()
			o.done = append(o.done, what)
			o.headers[what] = r.Header
			o.mu.Unlock()
			switch {
			case !letIn(w, r):
			case o.instead[what] != nil:
				o.instead[what](w, r)
			default:
				usual(w, r)
			}
		})
	}
	at("GET /v1/AUTH_docker/{container}", "LIST", o.list)
	at("PUT /v1/AUTH_docker/{container}/{object...}", "PUT", o.put)
	at("GET /v1/AUTH_docker/{container}/{object...}", "GET", o.get)
	at("DELETE /v1/AUTH_docker/{container}/{object...}", "DELETE", o.delete)
}

// in finds the container of a request.
func (o *fakeObjects) in(w http.ResponseWriter, r *http.Request) (objects map[string]string, name string, found bool) {
	if objects, found = o.containers[r.PathValue("container")]; !found {
		w.WriteHeader(http.StatusNotFound)
	}
	return objects, r.PathValue("object"), found
}

func (o *fakeObjects) put(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	objects, name, found := o.in(w, r)
	if !found {
		return
	}
	content, _ := io.ReadAll(r.Body)
	etag := md5Hex(content)
	if r.Header.Get("ETag") != etag {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	objects[name] = string(content)
	w.Header().Set("ETag", etag)
	w.WriteHeader(http.StatusCreated)
}

func (o *fakeObjects) get(w http.ResponseWriter, r *http.Request) {
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
	w.Header().Set("ETag", md5Hex([]byte(content)))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

func (o *fakeObjects) delete(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if objects, name, found := o.in(w, r); found {
		delete(objects, name)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (o *fakeObjects) list(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	objects, _, found := o.in(w, r)
	if !found {
		return
	}
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = o.pageSize
	}
	page := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if len(page) < limit && name > query.Get("marker") && strings.HasPrefix(name, query.Get("prefix")) {
			page = append(page, map[string]any{
				"name": name, "bytes": len(objects[name]), "hash": md5Hex([]byte(objects[name])),
				"content_type": "application/octet-stream", "last_modified": "2026-01-01T00:00:00.000000",
			})
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(page)
}

// did is what was done with objects so far.
func (o *fakeObjects) did() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.done, " ")
}

// left are the objects in the container of the probe.
func (o *fakeObjects) left() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.containers["monitoring"]))
}

// answers answers with a status and a body.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// dead is an object server that its proxy cannot reach.
var dead = answers(http.StatusServiceUnavailable, "<html><h1>Service Unavailable</h1></html>")

// runOnce runs the probe of a collector of the first registry.
func (e *collector.Exporter) runOnce(t *testing.T, collector string) source.Result {
	t.Helper()
	if !redis.storeSource(t, e, collector).Probe.Once(t.Context()) {
		t.Fatal("it did not run")
	}
	return e.readOne(t, collector)
}

// pageOf is the page of a collector of a registry on this Swift, without times.
func (s *fakeSwift) pageOf(t *testing.T, e *collector.Exporter, collector string) prometheus.Gatherer {
	t.Helper()
	page := e.testPage(t, collector, map[string]string{s.Listener.Addr().String(): "swift.example.org:8080"})
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := page.Gather()
		for _, f := range families {
			if strings.HasSuffix(f.GetName(), "_timestamp_seconds") {
				for _, m := range f.Metric {
					m.Gauge.Value = new(float64)
				}
			}
		}
		return families, err
	})
}
