package clients

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Media types of documents and layers.
const (
	typeManifest       = "application/vnd.oci.image.manifest.v1+json"
	typeIndex          = "application/vnd.oci.image.index.v1+json"
	typeConfig         = "application/vnd.oci.image.config.v1+json"
	typeLayer          = "application/vnd.oci.image.layer.v1.tar+gzip"
	typeForeign        = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	typeDockerConfig   = "application/vnd.docker.container.image.v1+json"
	typeDockerLayer    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	typeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	typeSchema1        = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

// An object is an object of JSON.
type object = map[string]any

// An image is an image in a registry, or one that a client pushes.
type image struct {
	mediaType string
	manifest  []byte
	config    []byte
	layers    [][]byte
}

func (i *image) digest() digest.Digest       { return digest.FromBytes(i.manifest) }
func (i *image) configDigest() digest.Digest { return digest.FromBytes(i.config) }
func (i *image) layer() digest.Digest        { return digest.FromBytes(i.layers[0]) }

// newImage makes an image with layers of these sizes, in bytes. The same name makes the same bytes each time.
func newImage(name string, sizes ...int) *image {
	i := &image{mediaType: typeManifest}
	var diffs []string
	for n, size := range sizes {
		layer, diff := newLayer(fmt.Sprint(name, n), size)
		i.layers = append(i.layers, layer)
		diffs = append(diffs, diff.String())
	}
	i.config = mustJSON(object{
		"created": "2024-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "author": name,
		"config": object{}, "rootfs": object{"type": "layers", "diff_ids": append([]string{}, diffs...)},
	})
	return i.written(nil)
}

// written writes the manifest again. change may alter it first.
func (i *image) written(change func(m object)) *image {
	layers := []any{}
	configType, layerType := typeConfig, typeLayer
	if i.mediaType == typeDockerManifest {
		configType, layerType = typeDockerConfig, typeDockerLayer
	}
	for _, l := range i.layers {
		layers = append(layers, descriptor(layerType, l))
	}
	m := object{"schemaVersion": 2, "mediaType": i.mediaType, "config": descriptor(configType, i.config), "layers": layers}
	if change != nil {
		change(m)
	}
	i.manifest = mustJSON(m)
	return i
}

// newLayer makes a compressed layer with a file of size bytes, which compress no further. It also returns the digest of
// the layer without compression.
func newLayer(name string, size int) ([]byte, digest.Digest) {
	seed := [32]byte{}
	copy(seed[:], name)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	var plain bytes.Buffer
	t := tar.NewWriter(&plain) // a buffer takes all: no write fails
	_ = t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size), Format: tar.FormatUSTAR})
	_, _ = t.Write(data)
	_ = t.Close()
	return packed(plain.Bytes()), digest.FromBytes(plain.Bytes())
}

// packed is gzip without compression (RFC 1951, 3.2.4), which takes little memory and time.
func packed(data []byte) []byte {
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	for rest, more := data, true; more; {
		block := rest[:min(len(rest), math.MaxUint16)]
		rest = rest[len(block):]
		more = len(rest) > 0
		out = append(out, map[bool]byte{true: 0, false: 1}[more])
		out = binary.LittleEndian.AppendUint16(out, uint16(len(block)))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(len(block)))
		out = append(out, block...)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data)))
}

func descriptor(mediaType string, data []byte) object {
	return object{"mediaType": mediaType, "digest": digest.FromBytes(data).String(), "size": len(data)}
}

// with returns o with the fields of more.
func with(o object, more object) object {
	o = maps.Clone(o)
	maps.Copy(o, more)
	return o
}

// platform returns the field platform of an index for a text such as linux/arm/v7.
func platform(text string) object {
	parts := strings.Split(text, "/")
	p := object{"os": parts[0], "architecture": parts[1]}
	if len(parts) > 2 {
		p["variant"] = parts[2]
	}
	return object{"platform": p}
}

func mustJSON(v any) []byte { return must(json.Marshal(v)) }

// add stores an image, and its manifest under a name as well.
func (f *registry) add(name string, i *image) *image {
	f.keep(i.config)
	for _, l := range i.layers {
		f.keep(l)
	}
	f.keepManifest(name, document{i.mediaType, i.manifest})
	return i
}

// addIndex stores an image for each platform, and an index of them under the tag. For an empty platform it writes an
// entry without one.
func (f *registry) addIndex(mediaType string, platforms ...string) []*image {
	var all []*image
	var entries []any
	for _, p := range platforms {
		i := newImage("for "+p, 600)
		f.add(i.digest().String(), i)
		entry := descriptor(typeManifest, i.manifest)
		if p != "" {
			entry = with(entry, platform(p))
		}
		entries = append(entries, entry)
		all = append(all, i)
	}
	f.addIndexOf(mediaType, entries...)
	return all
}

func (f *registry) addIndexOf(mediaType string, entries ...any) {
	f.keepManifest(tag, document{mediaType, mustJSON(object{"schemaVersion": 2, "mediaType": mediaType, "manifests": append([]any{}, entries...)})})
}
