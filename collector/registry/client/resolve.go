package client

import (
	"net/http"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

	"github.com/opencontainers/go-digest"
)

// DescriptorOf returns the manifest that an answer to HEAD describes, as containerd reads it: Content-Type,
// Docker-Content-Digest and Content-Length. Without these headers Digest is empty, or Size -1; clients then ask with GET.
// The reason of an error is bad_answer, or too_large for more than 4 MiB.
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

// DescriptorOfBody returns the manifest that an answer to GET has: its Content-Type, and the digest and number of its
// bytes. It closes the answer. The reason of an error is that of the status, or too_large for more than 4 MiB.
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

// mediaTypeOf returns Content-Type without its parameters.
func mediaTypeOf(h http.Header) string {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.TrimSpace(mediaType)
}

// Accept returns the header of a request for the manifest that d describes.
func (d Descriptor) Accept() http.Header { return http.Header{"Accept": {d.mediaType, "*/*"}} }
