package standin

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// image is the repository from which the exporter pulls.
const image = "library/base"

// pulled has the layers of the image in the registry, which faults damage.
type pulled struct{ layers []string } // digests

// fill pushes the image: a config and three layers.
func fill(registry http.Handler) (*pulled, error) {
	p := &pulled{}
	var layers []any
	for i, size := range []int{2 << 10, 64 << 10, 1 << 20} {
		blob, err := push(registry, bytes.Repeat([]byte{byte(i)}, size))
		if err != nil {
			return nil, err
		}
		p.layers = append(p.layers, blob["digest"].(string))
		layers = append(layers, blob)
	}
	config, err := push(registry, []byte(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`))
	if err != nil {
		return nil, err
	}
	config["mediaType"] = "application/vnd.oci.image.config.v1+json"
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	manifest, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers})
	if err != nil {
		return nil, fmt.Errorf("making a manifest: %w", err)
	}
	return p, put(registry, http.MethodPut, "/v2/"+image+"/manifests/1.0", manifestType, manifest)
}

// push pushes a blob, and returns its descriptor for a manifest.
func push(registry http.Handler, blob []byte) (map[string]any, error) {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(blob))
	err := put(registry, http.MethodPost, "/v2/"+image+"/blobs/uploads/?digest="+digest, "application/octet-stream", blob)
	return map[string]any{"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(blob), "digest": digest}, err
}

func put(registry http.Handler, method, path, mediaType string, body []byte) error {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	if registry.ServeHTTP(w, r); w.Code != http.StatusCreated {
		return fmt.Errorf("filling the registry: %s: status %d: %s", path, w.Code, w.Body)
	}
	return nil
}

// onStore answers as a registry does whose store is gone, or has lost or changed blobs.
func (h *hub) onStore(w http.ResponseWriter, r *http.Request) {
	last := h.image.layers[len(h.image.layers)-1]
	layer := strings.HasSuffix(r.URL.Path, "/blobs/"+last)
	isWrite := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch {
	case isWrite && h.faults.On("hub-read-only"):
		apiError(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported.")
	case isWrite && h.faults.On("store-full"):
		apiErrorWith(w, http.StatusInternalServerError, "UNKNOWN", "unknown error", `"mkdir /var/lib/registry/docker: no space left on device"`)
	case h.faults.On("swift-down") && strings.Contains(r.URL.Path, "/blobs/sha256:"):
		h.change(w, r, func([]byte) []byte { return nil }) // the registry remembers the size, and has no bytes
	case h.faults.On("swift-down") && r.URL.Path != "/v2/":
		apiError(w, http.StatusInternalServerError, "UNKNOWN", "unknown error")
	case layer && h.faults.On("layer-missing"):
		apiError(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
	case layer && h.faults.On("layer-cut"):
		h.change(w, r, func(b []byte) []byte { return b[:len(b)/2] })
	case layer && h.faults.On("layer-flipped"):
		h.change(w, r, func(b []byte) []byte { b[len(b)/3] ^= 1; return b })
	default:
		h.registry.ServeHTTP(w, r)
	}
}

// change answers with other bytes than the registry has, and with the headers for those that it has. When the body is too
// short for them, the connection breaks.
func (h *hub) change(w http.ResponseWriter, r *http.Request, with func([]byte) []byte) {
	whole := r.Clone(r.Context())
	whole.Header.Del("Range")
	good := httptest.NewRecorder()
	h.registry.ServeHTTP(good, whole)
	size := good.Body.Len()
	from, to, status := 0, size-1, http.StatusOK
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err == nil && from >= 0 && from < size {
		to, status = min(to, size-1), http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, size))
	} else {
		from, to = 0, size-1
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", fmt.Sprint(to-from+1))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	body := with(good.Body.Bytes())
	_, _ = w.Write(body[min(from, len(body)):min(to+1, len(body))])
}
