package client

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"registry_exporter/collector/source"
)

// undo decodes the body of resp, when it is encoded with gzip or deflate. The session asks for neither, but a cache that
// ignores Vary hands out the encoded answer to another client's request; containerd decodes it, too. Reading a body with
// another encoding fails with bad_answer. When there was an encoding, undo sets resp.Uncompressed to true and
// resp.ContentLength to -1.
func undo(resp *http.Response) {
	name := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	if name == "" || name == "identity" {
		return
	}
	resp.Body = &decoder{name: name, encoded: resp.Body}
	resp.Uncompressed, resp.ContentLength = true, -1
	resp.Header.Del("Content-Length")
}

// A decoder decodes a body. It begins with the first Read: the body of a refusal may never be read.
type decoder struct {
	name    string // of the encoding
	encoded io.ReadCloser
	plain   io.Reader // nil before the first Read
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	if d.plain == nil {
		plain, err := d.begin()
		if err != nil {
			return 0, d.explain(err)
		}
		d.plain = plain
	}
	n, err := d.plain.Read(p)
	return n, d.explain(err)
}

// Close implements io.Closer.
func (d *decoder) Close() error { return d.encoded.Close() }

func (d *decoder) begin() (io.Reader, error) {
	switch d.name {
	case "gzip":
		return gzip.NewReader(d.encoded)
	case "deflate":
		return flate.NewReader(d.encoded), nil
	}
	return nil, source.Failed(source.ReasonBadAnswer, "the answer has a Content-Encoding that clients do not undo")
}

// explain replaces an error of decoding: the body is not what Content-Encoding says. An error of the connection stays.
func (d *decoder) explain(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) {
		return source.Failed(source.ReasonBadAnswer, "the answer has Content-Encoding: %s, and is not", d.name)
	}
	return err
}

// Undone returns err, which is about an answer with wrong bytes. When the bytes were encoded, the reason becomes
// bad_answer: whoever encoded them between here and the store is at fault, and not the store.
func Undone(resp *http.Response, err error) error {
	if !resp.Uncompressed || err == nil || !slices.Contains([]string{source.ReasonShortRead, source.ReasonDigestMismatch}, source.Reason(err)) {
		return err
	}
	return source.Failed(source.ReasonBadAnswer, "the answer has a Content-Encoding, which was undone: %s", err)
}
