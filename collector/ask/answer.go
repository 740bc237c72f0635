package ask

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"registry_exporter/collector/source"
)

// An Answer is an HTTP response whose body has been read. When an error came with the answer, the body may be only the
// beginning of what the server sent.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	store  string // host:port of the store that answered, for texts; empty: the answer came from no store
}

// AnswerOf reads at most limit bytes of the body of a response, and closes it. Its errors are those of Client.Get. The
// answer is never nil.
func AnswerOf(resp *http.Response, limit int64) (*Answer, error) {
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, store: storeOf(resp)}
	if a.Status == http.StatusSwitchingProtocols { // the connection no longer speaks HTTP
		return a, nil
	}
	var err error
	if a.Body, err = readBounded(resp.Body, resp.ContentLength, limit); err != nil {
		return a, fmt.Errorf("reading the answer: %w", Ended(resp.Request.Context(), RequestError(err)))
	}
	return a, nil
}

// readBounded reads at most limit bytes. length is the Content-Length, or less than 0 when there is none.
// One within the limit is taken for true: a buffer that grows until it holds 15 MiB takes 16, and 16 more while it is copied.
func readBounded(r io.Reader, length, limit int64) ([]byte, error) {
	first := min(max(length, 0), limit) + bytes.MinRead
	buf := bytes.NewBuffer(make([]byte, 0, first))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if n > limit {
		return buf.Bytes()[:limit], source.Failed(source.ReasonTooLarge, "the answer is larger than %d bytes", limit)
	}
	return buf.Bytes(), err
}
