package client

import (
	"net/http"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// DescriptorOf is the manifest that an answer to HEAD describes, as containerd takes it: by Content-Type,
// Docker-Content-Digest and Content-Length. Digest is empty, or Size -1, when the answer does not say it; clients ask with
// GET then. The reason of an error is bad_answer or, of more than 4 MiB, too_large.
func DescriptorOf(resp *http.Response) (Descriptor, error) {
	d := Descriptor{
		mediaType: mediaTypeOf(resp.Header),
		Digest:    digest.Digest(resp.Header.Get("Docker-Content-Digest")),
		Size:      resp.ContentLength,
		says:      "HEAD",
	}
	switch {
	case d.Digest != "" && !isDigest(d.Digest):
		return Descriptor{}, source.Failed(source.ReasonBadAnswer, "Docker-Content-Digest is no digest of sha256 or sha512")
	case d.Size > maxManifest:
		return Descriptor{}, source.Failed(source.ReasonTooLarge, "the manifest has more than %d bytes", maxManifest)
	}
	return d, checkType(d.mediaType)
}

// DescriptorOfBody is the manifest that an answer to GET has: by Content-Type, and by its bytes, of at most 4 MiB. It closes
// the answer. The reason of an error is that of the status or, of more bytes, too_large.
func DescriptorOfBody(resp *http.Response) (Descriptor, error) {
	if resp.StatusCode != http.StatusOK {
		return Descriptor{}, ask.RefusalOf(resp)
	}
	a, err := ask.AnswerOf(resp, maxManifest)
	if err != nil {
		return Descriptor{}, err
	}
	d := Descriptor{mediaType: mediaTypeOf(resp.Header), Digest: digest.FromBytes(a.Body), Size: int64(len(a.Body)), says: "the answer for the tag"}
	return d, checkType(d.mediaType)
}

// mediaTypeOf is Content-Type without parameters.
func mediaTypeOf(h http.Header) string {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.TrimSpace(mediaType)
}

// Accept is the header of a request for the manifest that d describes.
func (d Descriptor) Accept() http.Header { return http.Header{"Accept": {d.mediaType, "*/*"}} }
