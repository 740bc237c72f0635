package collector

import (
	"errors"
	"fmt"
	"math"
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
	err := m.parse(body)
	switch {
	case errors.Is(err, errShape):
		return nil, failed(reasonBadAnswer, "the manifest holds a value of another type than expected")
	case err != nil:
		return nil, fmt.Errorf("reading the manifest: %w", err)
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
	d := decoder{data: body}
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "config":
			m.config, err = d.descriptor()
		case "layers":
			m.layers, err = d.descriptors()
		case "manifests":
			m.manifests, err = d.descriptors()
		default:
			err = d.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	return d.following()
}

func (d *decoder) descriptors() ([]descriptor, error) {
	all := []descriptor{}
	if d.null() {
		return nil, nil
	}
	err := d.array(func() error {
		if len(all) == maxDescriptors {
			return failed(reasonTooLarge, "more than %d layers or manifests", maxDescriptors)
		}
		one, err := d.descriptor()
		all = append(all, one)
		return err
	})
	return all, err
}

func (d *decoder) descriptor() (descriptor, error) {
	one := descriptor{size: -1}
	err := d.object(func(key []byte) (err error) {
		switch string(key) {
		case "mediaType":
			one.mediaType, err = d.text()
		case "digest":
			var text string
			text, err = d.text()
			one.digest = digest.Digest(text)
		case "size":
			one.size, err = d.size()
		case "platform":
			one.platform, err = d.platform()
		case "urls":
			if d.null() {
				return nil
			}
			err = d.array(func() error { one.elsewhere = true; return d.skip() })
		default:
			err = d.skip()
		}
		return err
	})
	return one, err
}

// size is that of a blob: what is far too large is all the same.
func (d *decoder) size() (int64, error) {
	n, err := d.count()
	n = min(n, 2*maxBlob)
	if err == nil && n != math.Trunc(n) {
		err = errShape
	}
	return int64(n), err
}

func (d *decoder) platform() (string, error) {
	var parts [3]string
	if d.null() {
		return "", nil
	}
	err := d.object(func(key []byte) (err error) {
		if i := slices.Index([]string{"os", "architecture", "variant"}, string(key)); i >= 0 {
			parts[i], err = d.text()
			return err
		}
		return d.skip()
	})
	return strings.TrimSuffix(strings.Join(parts[:], "/"), "/"), err
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
