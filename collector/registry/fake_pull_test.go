package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// wholeOnly serves a blob and ignores ranges.
func (f *fakeRegistry) wholeOnly(d digest.Digest) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		blob := f.blobs[d]
		f.mu.Unlock()
		w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
		_, _ = w.Write(blob)
	}
}

// emptied announces a length and sends no bytes, as a registry does whose store is gone.
func emptied(length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(length))
		w.WriteHeader(http.StatusOK)
	}
}

// puller makes a puller of images of the registry. options stand in the configuration after "images".
func (f *fakeRegistry) puller(t testing.TB, options string, images ...string) *collected {
	t.Helper()
	return collectHub(t, "pull", f.URL, "  pull: {images: ["+strings.Join(images, ", ")+"]"+options+"}\n")
}
