package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// wholeOnly serves a blob without heeding ranges.
func (f *fakeRegistry) wholeOnly(d digest.Digest) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		blob := f.blobs[d]
		f.mu.Unlock()
		w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
		_, _ = w.Write(blob)
	}
}

// emptied serves a length and nothing else, as a registry does whose store has gone.
func emptied(length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(length))
		w.WriteHeader(http.StatusOK)
	}
}

// puller pulls images of the registry. options are those of the configuration, after "images".
func (f *fakeRegistry) puller(t testing.TB, options string, images ...string) *collected {
	t.Helper()
	return collectHub(t, "pull", f.URL, "  pull: {images: ["+strings.Join(images, ", ")+"]"+options+"}\n")
}
