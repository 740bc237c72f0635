package registry

import (
	"bytes"
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
	"time"

	"registry_exporter/collector/testserver"

	"github.com/opencontainers/go-digest"
)

// Media types of the documents that the fake serves.
const (
	mediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaTypeIndex    = "application/vnd.oci.image.index.v1+json"
	mediaTypeSchema1  = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

// A fakeRegistry keeps images in memory, takes pushes, and wants no login. As in Distribution, an upload goes on only at
// the Location that the last answer named.
type fakeRegistry struct {
	*httptest.Server
	testserver.Recorder
	guard http.HandlerFunc // called first; it may answer

	mu        sync.Mutex
	manifests map[string][]byte // by tag and digest
	blobs     map[digest.Digest][]byte
	uploads   map[string][]byte // uploads under way, by id
	started   int               // number of uploads so far
	faults    faults
}

// faults answer in place of the registry. The key is a kind of request, such as "PATCH upload", or the end of a path: a
// tag or digest.
type faults map[string]http.HandlerFunc

func startRegistry(t testing.TB) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{manifests: map[string][]byte{}, blobs: map[digest.Digest][]byte{}, uploads: map[string][]byte{}, faults: faults{}}
	f.Server = httptest.NewServer(f.Record(f.ServeHTTP))
	t.Cleanup(f.Close)
	return f
}

func startFaulty(t testing.TB, what faults) *fakeRegistry {
	t.Helper()
	f := startRegistry(t)
	f.set(what)
	return f
}

func (f *fakeRegistry) address() string { return f.Listener.Addr().String() }

// A fakeImage is an image in the registry.
type fakeImage struct {
	manifest, config digest.Digest
	layers           []digest.Digest
}

// push stores an image with these layers under a tag.
func (f *fakeRegistry) push(tag string, layers ...string) fakeImage {
	image := fakeImage{config: f.blob(fmt.Sprintf(`{"architecture":"amd64","os":"linux","layers":%d}`, len(layers)))}
	var descriptors []string
	for _, l := range layers {
		d := f.blob(l)
		image.layers = append(image.layers, d)
		descriptors = append(descriptors, descriptorOf("application/vnd.oci.image.layer.v1.tar+gzip", d, len(l)))
	}
	image.manifest = f.document(tag, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":`+
		descriptorOf("application/vnd.oci.image.config.v1+json", image.config, len(f.blobs[image.config]))+`,"layers":[`+strings.Join(descriptors, ",")+`]}`)
	return image
}

// index stores an index of images for platforms under a tag.
func (f *fakeRegistry) index(tag string, images map[string]fakeImage) digest.Digest {
	var descriptors []string
	for platform, image := range images {
		os, architecture, _ := strings.Cut(platform, "/")
		descriptors = append(descriptors, strings.TrimSuffix(descriptorOf("application/vnd.oci.image.manifest.v1+json", image.manifest, len(f.manifests[image.manifest.String()])), "}")+
			fmt.Sprintf(`,"platform":{"os":%q,"architecture":%q}}`, os, architecture))
	}
	return f.document(tag, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[`+strings.Join(descriptors, ",")+`]}`)
}

func descriptorOf(mediaType string, d digest.Digest, size int) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, mediaType, d, size)
}

func (f *fakeRegistry) blob(text string) digest.Digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := digest.FromString(text)
	f.blobs[d] = []byte(text)
	return d
}

func (f *fakeRegistry) document(tag, text string) digest.Digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := digest.FromString(text)
	f.manifests[tag], f.manifests[d.String()] = []byte(text), []byte(text)
	return d
}

// damage changes the bytes of a blob or manifest in the store.
func (f *fakeRegistry) damage(d digest.Digest, change func([]byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blobs[d] = change(bytes.Clone(f.blobs[d]))
}

func (f *fakeRegistry) lose(d digest.Digest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.blobs, d)
	delete(f.manifests, d.String())
}

// answer adds a fault.
func (f *fakeRegistry) answer(what string, with http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[what] = with
}

// set replaces all faults.
func (f *fakeRegistry) set(what faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults{}
	maps.Copy(f.faults, what)
}

// copyTo copies all blobs and manifests to another registry, as replication does.
func (f *fakeRegistry) copyTo(other *fakeRegistry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	maps.Copy(other.blobs, f.blobs)
	maps.Copy(other.manifests, f.manifests)
}

// stored returns the digests of all blobs, and the names of all manifests.
func (f *fakeRegistry) stored() (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for d := range f.blobs {
		names = append(names, d.String())
	}
	names = slices.AppendSeq(names, maps.Keys(f.manifests))
	slices.Sort(names)
	return names
}

var fakePath = regexp.MustCompile(`^/v2/.+/(manifest|blob)s/(uploads/)?([^/]*)$`)

// kindOf returns the kind of a request, such as "PATCH upload", and the end of its path.
func kindOf(r *http.Request) (kind, name string) {
	m := fakePath.FindStringSubmatch(r.URL.Path)
	switch {
	case m == nil:
		return "", ""
	case m[2] != "":
		return r.Method + " upload", m[3]
	}
	return r.Method + " " + m[1], m[3]
}

// count returns the number of requests of a kind.
func (f *fakeRegistry) count(kind string) (n int) {
	for _, r := range f.Requests() {
		if k, _ := kindOf(r); k == kind {
			n++
		}
	}
	return n
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.guard != nil && r.Header.Get("Authorization") == "" {
		f.guard(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // a fault may hand the request on to the registry
	kind, name := kindOf(r)
	f.mu.Lock()
	fault := f.faults[kind]
	if fault == nil {
		fault = f.faults[name]
	}
	f.mu.Unlock()
	switch {
	case fault != nil:
		fault(w, r)
	case strings.HasSuffix(kind, " upload"):
		f.upload(w, r, name, body)
	case strings.HasSuffix(kind, " blob"):
		f.serveBlob(w, r, digest.Digest(name))
	case r.Method == http.MethodPut:
		f.document(name, string(body))
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		f.deleteManifest(name)
		w.WriteHeader(http.StatusAccepted)
	default:
		f.serveManifest(w, r, name)
	}
}

func (f *fakeRegistry) serveBlob(w http.ResponseWriter, r *http.Request, d digest.Digest) {
	f.mu.Lock()
	blob, found := f.blobs[d]
	f.mu.Unlock()
	if !found {
		refuseWith(http.StatusNotFound, "BLOB_UNKNOWN")(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
}

func (f *fakeRegistry) serveManifest(w http.ResponseWriter, r *http.Request, name string) {
	f.mu.Lock()
	manifest, found := f.manifests[name]
	f.mu.Unlock()
	if !found {
		refuseWith(http.StatusNotFound, "MANIFEST_UNKNOWN")(w, r)
		return
	}
	kind := mediaTypeIndex
	if !bytes.Contains(manifest, []byte(`"manifests":`)) {
		kind = mediaTypeManifest
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(manifest).String())
	_, _ = w.Write(manifest)
}

// deleteManifest deletes a manifest, and the tags that name it.
func (f *fakeRegistry) deleteManifest(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone := f.manifests[name]
	maps.DeleteFunc(f.manifests, func(_ string, m []byte) bool { return bytes.Equal(m, gone) })
}
