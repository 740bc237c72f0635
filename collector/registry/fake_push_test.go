package registry

import (
	"fmt"
	"net/http"
	"path"

	"github.com/opencontainers/go-digest"
)

func (f *fakeRegistry) upload(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPost {
		f.started++
		id = fmt.Sprintf("upload-%d", f.started)
		f.uploads[id] = nil
		f.locate(w, r, id, http.StatusAccepted)
		return
	}
	got, found := f.uploads[id]
	switch {
	case !found:
		refuseWith(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")(w, r)
		return
	case r.URL.Query().Get("_state") != uploadState(id, got):
		refuseWith(http.StatusNotFound, "BLOB_UPLOAD_INVALID")(w, r)
		return
	}
	got = append(got, body...)
	switch r.Method {
	case http.MethodPatch:
		f.uploads[id] = got
		f.locate(w, r, id, http.StatusAccepted)
	case http.MethodGet:
		f.locate(w, r, id, http.StatusNoContent)
	case http.MethodDelete:
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPut:
		d := digest.FromBytes(got)
		if d.String() != r.URL.Query().Get("digest") {
			refuseWith(http.StatusBadRequest, "DIGEST_INVALID")(w, r)
			return
		}
		delete(f.uploads, id)
		f.blobs[d] = got
		w.WriteHeader(http.StatusCreated)
	}
}

// locate names the Location at which the upload goes on, with a token that must stay secret.
func (f *fakeRegistry) locate(w http.ResponseWriter, r *http.Request, id string, status int) {
	w.Header().Set("Location", "http://"+r.Host+path.Dir(r.URL.Path)+"/"+id+"?_state="+uploadState(id, f.uploads[id]))
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, len(f.uploads[id])-1)))
	w.WriteHeader(status)
}

func uploadState(id string, data []byte) string {
	return fmt.Sprintf("token-of-%s-at-%d", id, len(data))
}

// left returns the number of uploads under way.
func (f *fakeRegistry) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.uploads)
}

func saysStatus(status int, text string) http.HandlerFunc { return respond(nil, status, text) }
