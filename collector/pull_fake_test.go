package collector

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
)

// A fakeRegistry serves images from memory, as a registry does that has no need to log in.
type fakeRegistry struct {
	*httptest.Server
	recorder
	guard http.HandlerFunc // answers before all else, if it does

	mu        sync.Mutex
	manifests map[string][]byte // by tag and digest
	blobs     map[digest.Digest][]byte
	instead   map[string]http.HandlerFunc // by the end of the path
}

func startRegistry(t testing.TB) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{manifests: map[string][]byte{}, blobs: map[digest.Digest][]byte{}, instead: map[string]http.HandlerFunc{}}
	f.Server = httptest.NewServer(f.record(f.serve))
	t.Cleanup(f.Close)
	return f
}

// A fakeImage is what was pushed.
type fakeImage struct {
	manifest, config digest.Digest
	layers           []digest.Digest
}

// push adds an image of these layers, and its tag.
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

// index adds an index of images for platforms.
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

// damage changes what the store has of a blob, or what it stands for.
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

// answer answers in another way for what ends a path: a tag or digest.
func (f *fakeRegistry) answer(end string, with http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead[end] = with
}

func (f *fakeRegistry) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(r.URL.Path, "/")
	end := path[len(path)-1]
	f.mu.Lock()
	instead, blob, hasBlob := f.instead[end], f.blobs[digest.Digest(end)], path[len(path)-2] == "blobs"
	manifest, hasManifest := f.manifests[end]
	_, found := f.blobs[digest.Digest(end)]
	f.mu.Unlock()
	switch {
	case f.guard != nil && r.Header.Get("Authorization") == "":
		f.guard(w, r)
	case instead != nil:
		instead(w, r)
	case hasBlob && found:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
	case !hasBlob && hasManifest:
		serveManifest(w, manifest)
	case hasBlob:
		refuseWith(http.StatusNotFound, "BLOB_UNKNOWN")(w, r)
	default:
		refuseWith(http.StatusNotFound, "MANIFEST_UNKNOWN")(w, r)
	}
}

func serveManifest(w http.ResponseWriter, manifest []byte) {
	kind := indexTypes[0]
	if !bytes.Contains(manifest, []byte(`"manifests":`)) {
		kind = manifestTypes[0]
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(manifest).String())
	_, _ = w.Write(manifest)
}

func refuseWith(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"no","detail":"no"}]}`, code)
	}
}

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

// puller is an exporter of the registry with images, and its probe of the front.
func (f *fakeRegistry) puller(t testing.TB, options string, images ...string) (*Exporter, *probe) {
	t.Helper()
	e := newTestExporter(t, "registries:\n- name: hub\n  url: "+f.URL+"\n  pull: {images: ["+strings.Join(images, ", ")+"]"+options+"}\n")
	return e, sourcesOf(e.live.Load().registries[0], "pull")[0].probe
}

// pulled runs the probe once and is what the page says then.
func (f *fakeRegistry) pulled(t testing.TB, e *Exporter, p *probe) found {
	t.Helper()
	if !p.once(t.Context()) {
		t.Fatal("the probe did not run")
	}
	return e.scrapeNow(t, "pull")
}
