package clients

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"
)

func (c *call) blob() {
	c.mu.Lock()
	data, found := c.blobs[digest.Digest(c.name)]
	c.mu.Unlock()
	if !found {
		refuse(http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")(c)
		return
	}
	c.w.Header().Set("Content-Type", "application/octet-stream")
	c.w.Header().Set("Docker-Content-Digest", c.name)
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(data))
}

func (c *call) manifest() {
	c.mu.Lock()
	doc, found := c.manifests[c.name]
	c.mu.Unlock()
	if !found {
		refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")(c)
		return
	}
	c.w.Header().Set("Docker-Content-Digest", digest.FromBytes(doc.body).String())
	respond(http.StatusOK, doc.mediaType, string(doc.body))(c)
}

func (c *call) putManifest() {
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return
	}
	d := c.keepManifest(c.name, document{c.r.Header.Get("Content-Type"), body})
	c.w.Header().Set("Docker-Content-Digest", d.String())
	c.w.Header().Set("Location", c.front.URL+"/v2/"+repository+"/manifests/"+d.String())
	c.w.WriteHeader(http.StatusCreated)
}

// keepManifest stores a document under a name and under its digest.
func (f *registry) keepManifest(name string, doc document) digest.Digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := digest.FromBytes(doc.body)
	f.manifests[name], f.manifests[d.String()] = doc, doc
	return d
}

func (c *call) deleteManifest() {
	c.mu.Lock()
	gone := c.manifests[c.name]
	maps.DeleteFunc(c.manifests, func(_ string, doc document) bool { return bytes.Equal(doc.body, gone.body) })
	c.mu.Unlock()
	c.w.WriteHeader(http.StatusAccepted)
}

// keep stores a blob.
func (f *registry) keep(data []byte) digest.Digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := digest.FromBytes(data)
	f.blobs[d] = data
	return d
}

// lose removes a blob or manifest.
func (f *registry) lose(d digest.Digest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.blobs, d)
	delete(f.manifests, d.String())
}

// damage changes the bytes of a blob in the store.
func (f *registry) damage(d digest.Digest, change func([]byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blobs[d] = change(bytes.Clone(f.blobs[d]))
}
