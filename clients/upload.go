package clients

import (
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
)

// upload answers a request of an upload. As in Distribution, an upload goes on only at the Location that the last answer
// named.
func (c *call) upload(method string) {
	if method == http.MethodPost {
		c.mu.Lock()
		c.started++
		id := fmt.Sprintf("upload-%d", c.started)
		c.uploads[id] = []byte{}
		c.mu.Unlock()
		c.locate(id, 0, http.StatusAccepted)
		return
	}
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	got, found := c.uploads[c.name]
	c.mu.Unlock()
	switch {
	case !found:
		refuse(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")(c)
	case c.r.URL.Query().Get("_state") != fmt.Sprint(len(got)):
		refuse(http.StatusNotFound, "BLOB_UPLOAD_INVALID", "blob upload invalid")(c)
	case method == http.MethodGet:
		c.locate(c.name, len(got), http.StatusNoContent)
	case method == http.MethodDelete:
		c.end()
		c.w.WriteHeader(http.StatusNoContent)
	case method == http.MethodPatch:
		c.mu.Lock()
		c.uploads[c.name] = append(got, body...)
		c.mu.Unlock()
		c.locate(c.name, len(got)+len(body), http.StatusAccepted)
	default:
		c.commit(append(got, body...))
	}
}

func (c *call) locate(id string, n, status int) {
	c.w.Header().Set("Location", fmt.Sprintf("%s/v2/%s/blobs/uploads/%s?_state=%d", c.front.URL, repository, id, n))
	c.w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, n-1)))
	c.w.Header().Set("Docker-Upload-UUID", id)
	c.w.WriteHeader(status)
}

func (c *call) commit(data []byte) {
	d := digest.FromBytes(data)
	if d.String() != c.r.URL.Query().Get("digest") {
		refuse(http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")(c)
		return
	}
	c.keep(data)
	c.end()
	c.w.Header().Set("Location", c.front.URL+"/v2/"+repository+"/blobs/"+d.String())
	c.w.Header().Set("Docker-Content-Digest", d.String())
	c.w.WriteHeader(http.StatusCreated)
}

func (c *call) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.uploads, c.name)
}
