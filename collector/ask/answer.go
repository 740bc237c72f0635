package ask

import (
	"crypto/x509"
	"fmt"
	"net/http"
)

// An Answer is an HTTP response whose body has been read. When an error came with the answer, the body may be only the
// beginning of what the server sent.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Served []*x509.Certificate // that the server showed, its own first; nil without TLS
	store  string              // host:port of the store that answered, for texts; empty: the answer came from no store
}

// AnswerOf reads at most limit bytes of the body of a response, and closes it. Its errors are those of Client.Get. The
// answer is never nil.
func AnswerOf(resp *http.Response, limit int64) (*Answer, error) {
	a, free, err := answerOf(resp, limit)
	free()
	return a, err
}

// answerOf is AnswerOf for a body that may be large. The caller calls free when it no longer uses the body.
func answerOf(resp *http.Response, limit int64) (a *Answer, free func(), err error) {
	defer resp.Body.Close()
	a = &Answer{Status: resp.StatusCode, Header: resp.Header, store: storeOf(resp)}
	if resp.TLS != nil {
		a.Served = resp.TLS.PeerCertificates
	}
	if a.Status == http.StatusSwitchingProtocols { // the connection no longer speaks HTTP
		return a, func() {}, nil
	}
	ctx := resp.Request.Context()
	a.Body, free, err = partOf(ctx).bodies().read(ctx, resp.Body, resp.ContentLength, limit)
	if err != nil {
		return a, free, fmt.Errorf("reading the answer: %w", partOf(ctx).note(Ended(ctx, RequestError(err))))
	}
	return a, free, nil
}
