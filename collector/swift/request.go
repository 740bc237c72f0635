package swift

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

	"github.com/ncw/swift/v2"
)

// A request asks for a container or, with its name, for an object in it.
type request struct {
	method, container, object string
	query                     url.Values
	header                    map[string]string
	body                      []byte
}

// send makes a request with the token in use, and once more with a new one when that has just ended. Whoever calls
// it reads and closes the body. Any status but 401 is an answer. The library would not show each step.
func (s *store) send(ctx context.Context, r request) (resp *http.Response, err error) {
	_, err = s.loggedIn(ctx, func(session *swift.Connection) (err error) {
		resp, err = s.try(ctx, session, r)
		return err
	})
	return resp, err
}

// try makes a request of a session, and follows no redirect.
func (s *store) try(ctx context.Context, session *swift.Connection, r request) (*http.Response, error) {
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

// A object is one entry of a listing. That of a large object has 0 bytes: they are those of its segments.
type object struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// list hands each object of one page of a listing to do: the first page behind the marker of query, as long as its
// limit or else the store allows. An end of the listing is a page without objects.
func (s *store) list(ctx context.Context, container string, query url.Values, do func(object)) error {
	query.Set("format", "json")
	resp, err := s.send(ctx, request{method: http.MethodGet, container: container, query: query})
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNoContent:
		resp.Body.Close()
		return nil
	default:
		return ask.RefusalOf(resp)
	}
	defer resp.Body.Close()
	if err := eachObject(resp, query, do); err != nil {
		return storeError(ctx, err)
	}
	return nil
}

// eachObject reads one page of a listing, which it does not keep: in memory is one object at a time.
func eachObject(resp *http.Response, query url.Values, do func(object)) error {
	prefix, last := query.Get("prefix"), query.Get("marker")
	page := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, ask.MaxBody))
	if err := delimiter(page, '['); err != nil {
		return err
	}
	for page.More() {
		var o object
		if err := page.Decode(&o); err != nil {
			return cutShort(err)
		}
		switch {
		case o.Name <= last:
			return source.Failed(source.ReasonBadAnswer, "the listing is not in order: it would not come to an end")
		case !strings.HasPrefix(o.Name, prefix):
			return source.Failed(source.ReasonBadAnswer, "the listing has objects without the prefix that was asked for")
		case o.Bytes < 0:
			return source.Failed(source.ReasonBadAnswer, "an object of the listing has a negative size")
		}
		last = o.Name
		do(o)
	}
	return cutShort(delimiter(page, ']'))
}

// cutShort tells an end in the middle from an answer that is empty.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// delimiter reads a delimiter of JSON.
func delimiter(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = source.Failed(source.ReasonBadAnswer, "the listing is no JSON list")
	}
	return err
}
