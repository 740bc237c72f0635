package collector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Bounds of what an image may be. Clients need not take larger manifests either.
const (
	maxManifest    = 4 << 20
	maxConfig      = 16 << 20
	maxDescriptors = 1000
	maxBlob        = 1 << 40
)

// Media types of what a tag may stand for.
var (
	manifestTypes = []string{"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
	indexTypes    = []string{"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
	schema1Types  = []string{"application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws"}

	acceptManifests = http.Header{"Accept": slices.Concat(manifestTypes, indexTypes)}
)

// A descriptor is what a manifest says of a blob, or an index of a manifest.
type descriptor struct {
	mediaType string
	digest    digest.Digest
	size      int64
	platform  string // os/architecture[/variant]
	elsewhere bool   // it has URLs of its own
}

// A manifest is an image, or an index of images.
type manifest struct {
	isIndex   bool
	config    descriptor
	layers    []descriptor
	manifests []descriptor
}

// readManifest reads an answer that should be a manifest, or an index. Of want, size and digest count where they are given.
func readManifest(resp *http.Response, want descriptor) (*manifest, digest.Digest, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, "", refusalOf(resp)
	}
	a, err := answerOf(resp, maxManifest)
	if err != nil {
		return nil, "", err
	}
	if err := want.check(a.body, resp.Header.Get("Docker-Content-Digest")); err != nil {
		return nil, "", err
	}
	m, err := parseManifest(a.header.Get("Content-Type"), a.body)
	return m, digest.FromBytes(a.body), err
}

// check holds a document against what is said of it, and against the digest that came with it.
func (d descriptor) check(body []byte, header string) error {
	if d.size >= 0 && int64(len(body)) != d.size {
		return failed(reasonShortRead, "the manifest has %d bytes, the index says %d", len(body), d.size)
	}
	digests := []digest.Digest{d.digest}
	if header != "" {
		digests = append(digests, digest.Digest(header))
	}
	for _, want := range digests {
		switch {
		case want == "":
		case !isDigest(want):
			return failed(reasonBadAnswer, "Docker-Content-Digest is no digest of sha256 or sha512")
		case want.Algorithm().FromBytes(body) != want:
			return failed(reasonDigestMismatch, "the manifest is not that of its digest %s", want)
		}
	}
	return nil
}

func isDigest(d digest.Digest) bool {
	return d.Validate() == nil && (d.Algorithm() == digest.SHA256 || d.Algorithm() == digest.SHA512)
}

// parseManifest reads a document of the type that came with it, as clients do.
func parseManifest(contentType string, body []byte) (*manifest, error) {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	m := manifest{isIndex: slices.Contains(indexTypes, mediaType), config: descriptor{size: -1}}
	switch {
	case slices.Contains(schema1Types, mediaType):
		return nil, failed(reasonBadAnswer, "a manifest of schema 1, which clients refuse: the image has to be pushed again")
	case !m.isIndex && !slices.Contains(manifestTypes, mediaType):
		return nil, failed(reasonBadAnswer, "status 200 with a Content-Type that is no manifest's")
	}
	if err := m.parse(body); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	switch {
	case m.isIndex && (m.config.size >= 0 || m.layers != nil), !m.isIndex && m.manifests != nil:
		return nil, failed(reasonBadAnswer, "an index and a manifest in one")
	case m.isIndex:
		return &m, nil
	}
	for _, d := range append([]descriptor{m.config}, m.layers...) {
		if err := d.valid(maxBlob); err != nil {
			return nil, err
		}
	}
	return &m, m.config.valid(maxConfig)
}

func (m *manifest) parse(body []byte) error {
	var said struct {
		Config            *descriptor
		Layers, Manifests descriptors
	}
	if err := fromJSON(body, &said); err != nil {
		return err
	}
	m.layers, m.manifests = said.Layers, said.Manifests
	if said.Config != nil {
		m.config = *said.Config
	}
	return nil
}

// descriptors are at most maxDescriptors.
type descriptors []descriptor

// UnmarshalJSON reads an array, or null. It counts while it reads: small elements take far more memory than their text.
func (all *descriptors) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t == nil:
		return nil
	case t != json.Delim('['):
		return failed(reasonBadAnswer, "the layers or manifests are no array")
	}
	*all = descriptors{}
	for d.More() {
		if len(*all) == maxDescriptors {
			return failed(reasonTooLarge, "more than %d layers or manifests", maxDescriptors)
		}
		var one descriptor
		if err := d.Decode(&one); err != nil {
			return err
		}
		*all = append(*all, one)
	}
	return nil
}

// UnmarshalJSON reads a descriptor. A size that is not said is -1.
func (d *descriptor) UnmarshalJSON(text []byte) error {
	said := struct {
		MediaType string
		Digest    digest.Digest
		Size      int64
		Platform  struct{ OS, Architecture, Variant string }
		URLs      [1]json.RawMessage // whether there is one is all that matters
	}{Size: -1}
	err := json.Unmarshal(text, &said)
	p := said.Platform
	*d = descriptor{
		mediaType: said.MediaType,
		digest:    said.Digest,
		size:      said.Size,
		platform:  strings.TrimRight(strings.Join([]string{p.OS, p.Architecture, p.Variant}, "/"), "/"),
		elsewhere: said.URLs[0] != nil,
	}
	return err
}

// valid says what is wrong with a descriptor of something of at most limit bytes.
func (d descriptor) valid(limit int64) error {
	switch {
	case !isDigest(d.digest):
		return failed(reasonBadAnswer, "the manifest has a digest that is neither of sha256 nor of sha512")
	case d.size < 0:
		return failed(reasonBadAnswer, "the manifest does not say the size of %s", d.digest)
	case d.size > limit:
		return failed(reasonTooLarge, "the manifest says that %s has more than %d bytes", d.digest, limit)
	}
	return nil
}

// of finds the image of a platform in an index: the first that fits, as clients do.
func (m *manifest) of(platform string) (descriptor, error) {
	for _, d := range m.manifests {
		if fits(d.platform, platform) {
			return d, d.valid(maxManifest)
		}
	}
	return descriptor{}, failed(reasonNotFound, "the index has no image for %s", platform)
}

// fits says if an image of platform has runs on wanted, which may leave the variant open. That of arm64 is v8.
func fits(has, wanted string) bool {
	return has == wanted || strings.HasPrefix(has, wanted+"/") || has+"/v8" == wanted && strings.HasSuffix(has, "/arm64")
}

// isForeign says that nobody may hand out the layer but who made it.
func (d descriptor) isForeign() bool {
	return d.elsewhere && (strings.Contains(d.mediaType, ".nondistributable.") || strings.Contains(d.mediaType, ".foreign."))
}
