package standin

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	swiftUser      = "docker:registry"
	swiftContainer = "docker_registry"
	probeContainer = "monitoring"
	storagePath    = "/v1/AUTH_docker/"
)

// swift is an OpenStack Swift in memory.
type swift struct {
	faults *Faults
	key    *secret
	token  string

	mu         sync.Mutex
	containers map[string]map[string][]byte
}

func newSwift(f *Faults, key *secret) *swift {
	s := &swift{faults: f, key: key, token: "AUTH_tk" + rand.Text(), containers: map[string]map[string][]byte{swiftContainer: {}, probeContainer: {}}}
	for i := range 12 { // objects as a registry writes them
		s.containers[swiftContainer][fmt.Sprintf("files/docker/registry/v2/blobs/sha256/%02x/data", i)] = make([]byte, 1000+i)
	}
	return s
}

func (s *swift) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/v1.0", s.login)
	mux.HandleFunc(storagePath+"{container}", s.letIn(s.container))
	mux.HandleFunc(storagePath+"{container}/{object...}", s.letIn(s.object))
	return mux
}

func (s *swift) login(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Auth-User") != swiftUser || !s.key.is(r.Header.Get("X-Auth-Key")) {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Storage-Url", "http://"+r.Host+strings.TrimSuffix(storagePath, "/"))
	w.Header().Set("X-Auth-Token", s.token)
}

// letIn checks the token, and calls next with the objects of the container that the request names.
func (s *swift) letIn(next func(http.ResponseWriter, *http.Request, map[string][]byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.key.isChanged() || r.Header.Get("X-Auth-Token") != s.token {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		objects, found := s.containers[r.PathValue("container")]
		if !found || s.faults.On("swift-container-gone") {
			http.Error(w, "The resource could not be found.", http.StatusNotFound)
			return
		}
		next(w, r, objects)
	}
}

// container answers HEAD and GET of a container: with the number of objects, and with their list.
func (s *swift) container(w http.ResponseWriter, r *http.Request, objects map[string][]byte) {
	bytes := 0
	for _, o := range objects {
		bytes += len(o)
	}
	w.Header().Set("X-Container-Object-Count", fmt.Sprint(len(objects)))
	w.Header().Set("X-Container-Bytes-Used", fmt.Sprint(bytes))
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return
	}
	q := r.URL.Query()
	list := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if name > q.Get("marker") && strings.HasPrefix(name, q.Get("prefix")) {
			list = append(list, map[string]any{"name": name, "bytes": len(objects[name])})
		}
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (s *swift) object(w http.ResponseWriter, r *http.Request, objects map[string][]byte) {
	name := r.PathValue("object")
	content, found := objects[name]
	etag := func(b []byte) { w.Header().Set("ETag", fmt.Sprintf("%x", md5.Sum(b))) }
	switch {
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "Client Disconnect", http.StatusBadRequest)
			return
		}
		objects[name] = body
		etag(body)
		w.WriteHeader(http.StatusCreated)
	case !found:
		http.Error(w, "The resource could not be found.", http.StatusNotFound)
	case r.Method == http.MethodDelete:
		delete(objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		etag(content)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}
