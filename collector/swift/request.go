package swift

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ncw/swift/v2"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A request asks for a container or, when object is set, for an object in the container.
type request struct {
	method, container, object string
	query                     url.Values
	header                    map[string]string
	body                      []byte
}

// send sends a request with the token in use, and after a 401 once more with a new one. It returns a response with any
// other status; the caller closes the body. Probes send their requests with send, not with the library, to measure and
// judge each of them.
func (s *store) send(ctx context.Context, r request) (resp *http.Response, err error) {
	err = s.withSession(ctx, func(session *swift.Connection) (err error) {
		resp, err = s.sendOnce(ctx, session, r)
		return err
	})
	return resp, err
}

// sendOnce sends a request with the token of a session. It follows no redirect.
func (s *store) sendOnce(ctx context.Context, session *swift.Connection, r request) (*http.Response, error) {
	u, err := url.Parse(session.StorageUrl)
	if err != nil {
		return nil, source.Failed(source.ReasonBadAnswer, "the storage URL that came with the token is none")
	}
	u.Path += "/" + r.container
	if r.object != "" {
		u.Path += "/" + r.object
	}
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", ask.UserAgent)
	req.Header.Set("X-Auth-Token", session.AuthToken)
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return nil, ask.Ended(ctx, ask.RequestError(err))
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, ask.RefusalOf(resp)
	}
	return resp, nil
}
