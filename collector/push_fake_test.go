package collector

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A fakeStore is a registry that takes pushes: it keeps blobs and manifests in memory. As Distribution does, it knows an upload only by the place
// that it told last.
type fakeStore struct {
	mu        sync.Mutex
	uploads   map[string][]byte
	blobs     map[string][]byte
	manifests map[string][]byte // by tag and by digest
	asked     []string          // kinds of requests, in their order
	started   int
	faults    faults
	server    *httptest.Server
}

// faults answer a kind of request instead of the registry, such as "PATCH upload".
type faults map[string]http.HandlerFunc

func startStore(t *testing.T, f faults) *fakeStore {
	t.Helper()
	r := &fakeStore{uploads: map[string][]byte{}, blobs: map[string][]byte{}, manifests: map[string][]byte{}, faults: f}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *fakeStore) address() string { return r.server.Listener.Addr().String() }

const fakeRepository = "/v2/monitoring/canary/"

var fakePath = regexp.MustCompile(`^(manifests|blobs)/(uploads/)?([^/]*)$`)

func (r *fakeStore) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	m := fakePath.FindStringSubmatch(strings.TrimPrefix(req.URL.Path, fakeRepository))
	if m == nil {
		http.NotFound(w, req)
		return
	}
	what, name := strings.TrimSuffix(m[1], "s"), m[3]
	if m[2] != "" {
		what = "upload"
	}
	kind := req.Method + " " + what
	r.mu.Lock()
	r.asked = append(r.asked, kind)
	fault := r.faults[kind]
	r.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	if fault != nil {
		req.Body = io.NopCloser(bytes.NewReader(body)) // it may well hand the request back to us
		fault(w, req)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch what {
	case "upload":
		r.upload(w, req, name, body)
	case "blob":
		serveOrMiss(w, r.blobs[name], "BLOB_UNKNOWN")
	case "manifest":
		r.manifest(w, req, name, body)
	}
}

func (r *fakeStore) upload(w http.ResponseWriter, req *http.Request, id string, body []byte) {
	if req.Method == http.MethodPost {
		r.started++
		id = fmt.Sprintf("upload-%d", r.started)
		r.uploads[id] = nil
		r.locate(w, id, http.StatusAccepted)
		return
	}
	got, found := r.uploads[id]
	switch {
	case !found:
		refuseWrite(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "{}")(w, req)
		return
	case req.URL.Query().Get("_state") != uploadState(id, got):
		refuseWrite(http.StatusNotFound, "BLOB_UPLOAD_INVALID", "{}")(w, req)
		return
	}
	got = append(got, body...)
	switch req.Method {
	case http.MethodPatch:
		r.uploads[id] = got
		r.locate(w, id, http.StatusAccepted)
	case http.MethodGet:
		r.locate(w, id, http.StatusNoContent)
	case http.MethodDelete:
		delete(r.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPut:
		if digestOf(got) != req.URL.Query().Get("digest") {
			refuseWrite(http.StatusBadRequest, "DIGEST_INVALID", "{}")(w, req)
			return
		}
		delete(r.uploads, id)
		r.blobs[digestOf(got)] = got
		w.WriteHeader(http.StatusCreated)
	}
}

// locate tells where the upload goes on, with a token that is nobody else's business.
func (r *fakeStore) locate(w http.ResponseWriter, id string, status int) {
	w.Header().Set("Location", "http://another.example.org"+fakeRepository+"blobs/uploads/"+id+"?_state="+uploadState(id, r.uploads[id]))
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, len(r.uploads[id])-1)))
	w.WriteHeader(status)
}

func uploadState(id string, data []byte) string {
	return fmt.Sprintf("token-of-%s-at-%d", id, len(data))
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func (r *fakeStore) manifest(w http.ResponseWriter, req *http.Request, name string, body []byte) {
	switch req.Method {
	case http.MethodPut:
		r.manifests[name], r.manifests[digestOf(body)] = body, body
		w.WriteHeader(http.StatusCreated)
	case http.MethodGet:
		serveOrMiss(w, r.manifests[name], "MANIFEST_UNKNOWN")
	case http.MethodDelete:
		gone := r.manifests[name]
		maps.DeleteFunc(r.manifests, func(_ string, m []byte) bool { return string(m) == string(gone) })
		w.WriteHeader(http.StatusAccepted)
	}
}

func serveOrMiss(w http.ResponseWriter, data []byte, code string) {
	if data == nil {
		refuseWrite(http.StatusNotFound, code, "{}")(w, nil)
		return
	}
	_, _ = w.Write(data)
}

// refuseWrite answers with the error of a registry.
func refuseWrite(status int, code, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"as it happens","detail":%s}]}`, code, detail)
	}
}

// saysStatus answers with a status and a text.
func saysStatus(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// left is the number of uploads under way.
func (r *fakeStore) left() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.uploads)
}

// stored are the digests of all blobs, and the names of all manifests.
func (r *fakeStore) stored() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(slices.Sorted(maps.Keys(r.blobs)), slices.Sorted(maps.Keys(r.manifests))...)
}

func (r *fakeStore) count(kind string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.asked {
		if k == kind {
			n++
		}
	}
	return n
}

func (r *fakeStore) set(f faults) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = f
}

// copyTo gives another registry all that this one has, as replication does.
func (r *fakeStore) copyTo(other *fakeStore) {
	r.mu.Lock()
	defer r.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	maps.Copy(other.blobs, r.blobs)
	maps.Copy(other.manifests, r.manifests)
}
