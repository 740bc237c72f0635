package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// Bounds of an image. The OCI distribution specification asks clients and registries for manifests of at least 4 MB; larger
// ones fail at some of them.
const (
	maxManifest    = 4 << 20  // bytes
	maxConfig      = 16 << 20 // bytes
	maxDescriptors = 1000     // layers of a manifest, or manifests of an index
	maxBlob        = 1 << 40  // bytes
)

// Media types of the documents that a tag may name.
var (
	manifestTypes = []string{"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
	indexTypes    = []string{"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
	schema1Types  = []string{"application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws"}

	// AcceptManifests is the header of a request for a manifest or an index.
	AcceptManifests = http.Header{"Accept": slices.Concat(manifestTypes, indexTypes)}
)

// A Descriptor describes a blob that a manifest names, or a manifest that an index names.
type Descriptor struct {
	mediaType string        // .mediaType
	Digest    digest.Digest // .digest; empty: unknown
	Size      int64         // .size, in bytes; -1: unknown
	platform  string        // .platform as os/architecture[/variant]; empty: none
	elsewhere bool          // .urls is not empty
	says      string        // who says so, for errors; empty: a manifest or index
}

// A Manifest is the manifest of an image, or an index of such manifests.
type Manifest struct {
	IsIndex   bool         // by its media type
	Config    Descriptor   // .config
	Layers    []Descriptor // .layers, at most 1000
	manifests []Descriptor // .manifests of an index, at most 1000
}

// ReadManifest reads the answer to a request for the manifest that want describes, of at most 4 MiB, and closes it. It
// returns the manifest or index, by the media type of want. Size and digest of want must be those of the bytes.
//
// The reason of an error is that of the status; short_read or digest_mismatch when size or digest are others than in want
// or in Docker-Content-Digest; too_large beyond the bounds; or bad_answer for anything that clients refuse.
func ReadManifest(resp *http.Response, want Descriptor) (*Manifest, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, ask.RefusalOf(resp)
	}
	a, err := ask.AnswerOf(resp, maxManifest)
	if err == nil {
		err = want.check(a.Body, resp.Header.Get("Docker-Content-Digest"))
	}
	if err != nil {
		return nil, Undone(resp, err)
	}
	return parseManifest(want.mediaType, a.Body)
}

// check compares the bytes of a document with size and digest of d, and with the digest in a header, where there is one.
func (d Descriptor) check(body []byte, header string) error {
	if n := int64(len(body)); n != d.Size {
		return d.wrongSize(n)
	}
	digests := []digest.Digest{d.Digest}
	if header != "" {
		digests = append(digests, digest.Digest(header))
	}
	for _, want := range digests {
		switch {
		case !isDigest(want):
			return source.Failed(source.ReasonBadAnswer, "Docker-Content-Digest is no digest of sha256 or sha512")
		case want.Algorithm().FromBytes(body) != want:
			return source.Failed(source.ReasonDigestMismatch, "the manifest is not that of its digest %s", want)
		}
	}
	return nil
}

// wrongSize returns the error of a manifest of n bytes, when d says another number: short_read when bytes are missing, or
// else digest_mismatch, since something has added bytes.
func (d Descriptor) wrongSize(n int64) error {
	by := cmp.Or(d.says, "its descriptor")
	switch {
	case n < d.Size:
		return source.Failed(source.ReasonShortRead, "the manifest has %d bytes, and %s says %d", n, by, d.Size)
	case n == d.Size+1:
		return source.Failed(source.ReasonDigestMismatch, "the manifest has %d bytes, one byte more than %s says", n, by)
	}
	return source.Failed(source.ReasonDigestMismatch, "the manifest has %d bytes, %d more than %s says", n, n-d.Size, by)
}

// isDigest says whether d is a whole digest of sha256 or sha512.
func isDigest(d digest.Digest) bool {
	return d.Validate() == nil && (d.Algorithm() == digest.SHA256 || d.Algorithm() == digest.SHA512)
}

// parseManifest reads a document by the media type of the answer or of the index that names it. As clients do, it ignores
// the field mediaType of the document.
func parseManifest(mediaType string, body []byte) (*Manifest, error) {
	if err := checkType(mediaType); err != nil {
		return nil, err
	}
	m := Manifest{IsIndex: slices.Contains(indexTypes, mediaType), Config: Descriptor{Size: -1}}
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

// checkType returns an error when mediaType is that of neither a manifest nor an index.
func checkType(mediaType string) error {
	switch {
	case slices.Contains(schema1Types, mediaType):
		return source.Failed(source.ReasonBadAnswer, "a manifest of schema 1, which clients refuse: the image has to be pushed again")
	case !slices.Contains(manifestTypes, mediaType) && !slices.Contains(indexTypes, mediaType):
		return source.Failed(source.ReasonBadAnswer, "its Content-Type, or its mediaType in the index, is no manifest's")
	}
	return nil
}

// parse reads .config, .layers and .manifests.
func (m *Manifest) parse(body []byte) error {
	var document struct {
		Config            *Descriptor
		Layers, Manifests descriptors
	}
	if err := ask.FromJSON(body, &document); err != nil {
		return err
	}
	m.Layers, m.manifests = document.Layers, document.Manifests
	if document.Config != nil {
		m.Config = *document.Config
	}
	return nil
}

// descriptors is a JSON array of at most maxDescriptors.
type descriptors []Descriptor

// UnmarshalJSON reads an array, or null. It counts the descriptors before it reads the next: a Descriptor takes 88 bytes
// of memory, and 3 bytes of text as in [{},{},{}].
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

// UnmarshalJSON reads a descriptor. Without .size, Size is -1.
func (d *Descriptor) UnmarshalJSON(text []byte) error {
	fields := struct {
		MediaType string
		Digest    digest.Digest
		Size      int64
		Platform  *struct{ OS, Architecture, Variant string }
		URLs      [1]json.RawMessage // the first tells whether there are any
	}{Size: -1}
	err := json.Unmarshal(text, &fields)
	*d = Descriptor{
		mediaType: fields.MediaType,
		Digest:    fields.Digest,
		Size:      fields.Size,
		elsewhere: fields.URLs[0] != nil,
	}
	if p := fields.Platform; p != nil {
		d.platform = cmp.Or(strings.TrimRight(strings.Join([]string{p.OS, p.Architecture, p.Variant}, "/"), "/"), "unknown/unknown")
	}
	return err
}

// valid returns nil when the descriptor has a digest, and a size of at most limit bytes.
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

// ForPlatform returns the manifest or index that containerd takes of an index for a platform, such as linux/amd64: the
// entry for the platform itself, or else for one that runs on it (runsOn), or else one without platform. When several fit
// equally, it returns the first. When no entry fits, the reason of the error is not_found.
func (m *Manifest) ForPlatform(platform string) (Descriptor, error) {
	wanted := runsOn(platform)
	best, found := Descriptor{}, len(wanted)+1
	for _, d := range m.manifests {
		if r := rank(d.platform, wanted); r >= 0 && r < found {
			best, found = d, r
		}
	}
	if found > len(wanted) {
		return Descriptor{}, source.Failed(source.ReasonNotFound, "the index has no image for %s", platform)
	}
	return best, best.valid(maxManifest)
}

// Others returns the manifests that an index names, each once, without the manifest beside. It leaves out what no node
// runs: attestations, whose platform is unknown/unknown, and entries that clients refuse.
func (m *Manifest) Others(beside digest.Digest) []Descriptor {
	var others []Descriptor
	seen := map[digest.Digest]bool{beside: true}
	for _, d := range m.manifests {
		if seen[d.Digest] || d.platform == "unknown/unknown" || checkType(d.mediaType) != nil || d.valid(maxManifest) != nil {
			continue
		}
		seen[d.Digest] = true
		others = append(others, d)
	}
	return others
}

// maxPlatform is how many characters a platform has at most in a text.
const maxPlatform = 40

// Platform returns .platform of a manifest in an index as a text, such as linux/arm64/v8.
func (d Descriptor) Platform() string {
	isOdd := func(r rune) bool {
		return !strings.ContainsRune("/._-", r) && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}
	if d.platform == "" || len(d.platform) > maxPlatform || strings.ContainsFunc(d.platform, isOdd) {
		return "another platform"
	}
	return d.platform
}

// IsForeign says whether a layer is foreign, such as a base layer of Windows: only its maker may hand it out, from .urls.
// Registries need not have it.
func (d Descriptor) IsForeign() bool {
	return d.elsewhere && (strings.Contains(d.mediaType, ".nondistributable.") || strings.Contains(d.mediaType, ".foreign."))
}
