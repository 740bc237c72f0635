package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

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

	AcceptManifests = http.Header{"Accept": slices.Concat(manifestTypes, indexTypes)}
)

// A Descriptor is what a manifest says of a blob, or an index of a manifest.
type Descriptor struct {
	mediaType string
	Digest    digest.Digest
	Size      int64
	platform  string // os/architecture[/variant]
	elsewhere bool   // it has URLs of its own
}

// A Manifest is an image, or an index of images.
type Manifest struct {
	IsIndex   bool
	Config    Descriptor
	Layers    []Descriptor
	manifests []Descriptor
}

// ReadManifest reads an answer that should be a manifest, or an index. Of want, size and digest count where they are given.
func ReadManifest(resp *http.Response, want Descriptor) (*Manifest, digest.Digest, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, "", ask.RefusalOf(resp)
	}
	a, err := ask.AnswerOf(resp, maxManifest)
	if err != nil {
		return nil, "", err
	}
	if err := want.check(a.Body, resp.Header.Get("Docker-Content-Digest")); err != nil {
		return nil, "", err
	}
	m, err := parseManifest(a.Header.Get("Content-Type"), a.Body)
	return m, digest.FromBytes(a.Body), err
}

// check holds a document against what is said of it, and against the digest that came with it.
func (d Descriptor) check(body []byte, header string) error {
	if d.Size >= 0 && int64(len(body)) != d.Size {
		return source.Failed(source.ReasonShortRead, "the manifest has %d bytes, the index says %d", len(body), d.Size)
	}
	digests := []digest.Digest{d.Digest}
	if header != "" {
		digests = append(digests, digest.Digest(header))
	}
	for _, want := range digests {
		switch {
		case want == "":
		case !isDigest(want):
			return source.Failed(source.ReasonBadAnswer, "Docker-Content-Digest is no digest of sha256 or sha512")
		case want.Algorithm().FromBytes(body) != want:
			return source.Failed(source.ReasonDigestMismatch, "the manifest is not that of its digest %s", want)
		}
	}
	return nil
}

func isDigest(d digest.Digest) bool {
	return d.Validate() == nil && (d.Algorithm() == digest.SHA256 || d.Algorithm() == digest.SHA512)
}

// parseManifest reads a document of the type that came with it, as clients do.
func parseManifest(contentType string, body []byte) (*Manifest, error) {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	m := Manifest{IsIndex: slices.Contains(indexTypes, mediaType), Config: Descriptor{Size: -1}}
	switch {
	case slices.Contains(schema1Types, mediaType):
		return nil, source.Failed(source.ReasonBadAnswer, "a manifest of schema 1, which clients refuse: the image has to be pushed again")
	case !m.IsIndex && !slices.Contains(manifestTypes, mediaType):
		return nil, source.Failed(source.ReasonBadAnswer, "status 200 with a Content-Type that is no manifest's")
	}
	if err := m.parse(body); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	switch {
	case m.IsIndex && (m.Config.Size >= 0 || m.Layers != nil), !m.IsIndex && m.manifests != nil:
		return nil, source.Failed(source.ReasonBadAnswer, "an index and a manifest in one")
	case m.IsIndex:
		return &m, nil
	}
	for _, d := range append([]Descriptor{m.Config}, m.Layers...) {
		if err := d.valid(maxBlob); err != nil {
			return nil, err
		}
	}
	return &m, m.Config.valid(maxConfig)
}

func (m *Manifest) parse(body []byte) error {
	var said struct {
		Config            *Descriptor
		Layers, Manifests descriptors
	}
	if err := ask.FromJSON(body, &said); err != nil {
		return err
	}
	m.Layers, m.manifests = said.Layers, said.Manifests
	if said.Config != nil {
		m.Config = *said.Config
	}
	return nil
}

// descriptors are at most maxDescriptors.
type descriptors []Descriptor

// UnmarshalJSON reads an array, or null. It counts while it reads: small elements take far more memory than their text.
func (all *descriptors) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t == nil:
		return nil
	case t != json.Delim('['):
		return source.Failed(source.ReasonBadAnswer, "the layers or manifests are no array")
	}
	*all = descriptors{}
	for d.More() {
		if len(*all) == maxDescriptors {
			return source.Failed(source.ReasonTooLarge, "more than %d layers or manifests", maxDescriptors)
		}
		var one Descriptor
		if err := d.Decode(&one); err != nil {
			return err
		}
		*all = append(*all, one)
	}
	return nil
}

// UnmarshalJSON reads a descriptor. A size that is not said is -1.
func (d *Descriptor) UnmarshalJSON(text []byte) error {
	said := struct {
		MediaType string
		Digest    digest.Digest
		Size      int64
		Platform  struct{ OS, Architecture, Variant string }
		URLs      [1]json.RawMessage // whether there is one is all that matters
	}{Size: -1}
	err := json.Unmarshal(text, &said)
	p := said.Platform
	*d = Descriptor{
		mediaType: said.MediaType,
		Digest:    said.Digest,
		Size:      said.Size,
		platform:  strings.TrimRight(strings.Join([]string{p.OS, p.Architecture, p.Variant}, "/"), "/"),
		elsewhere: said.URLs[0] != nil,
	}
	return err
}

// valid says what is wrong with a descriptor of something of at most limit bytes.
func (d Descriptor) valid(limit int64) error {
	switch {
	case !isDigest(d.Digest):
		return source.Failed(source.ReasonBadAnswer, "the manifest has a digest that is neither of sha256 nor of sha512")
	case d.Size < 0:
		return source.Failed(source.ReasonBadAnswer, "the manifest does not say the size of %s", d.Digest)
	case d.Size > limit:
		return source.Failed(source.ReasonTooLarge, "the manifest says that %s has more than %d bytes", d.Digest, limit)
	}
	return nil
}

// Of finds the image of a platform in an index: the first that fits, as clients do.
func (m *Manifest) Of(platform string) (Descriptor, error) {
	for _, d := range m.manifests {
		if fits(d.platform, platform) {
			return d, d.valid(maxManifest)
		}
	}
	return Descriptor{}, source.Failed(source.ReasonNotFound, "the index has no image for %s", platform)
}

// fits says if an image of platform has runs on wanted, which may leave the variant open. That of arm64 is v8.
func fits(has, wanted string) bool {
	return has == wanted || strings.HasPrefix(has, wanted+"/") || has+"/v8" == wanted && strings.HasSuffix(has, "/arm64")
}

// IsForeign says that nobody may hand out the layer but who made it.
func (d Descriptor) IsForeign() bool {
	return d.elsewhere && (strings.Contains(d.mediaType, ".nondistributable.") || strings.Contains(d.mediaType, ".foreign."))
}
