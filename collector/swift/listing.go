package swift

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// An object is one entry of a listing. A large object has 0 bytes there: its segments, under names of their own, have
// the bytes.
type object struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// list calls do for each object on one page of the listing of a container. query is Swift's: marker is the name behind
// which the page begins, limit the most objects on it (without: 10,000 in most Swifts), prefix the beginning of names.
// A page without objects is the end of the listing.
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

// eachObject calls do for each object on a page. It holds one object at a time in memory.
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

// cutShort makes io.ErrUnexpectedEOF of io.EOF: the body ended within the list, as "[{}," does.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// delimiter reads a token, which must be want.
func delimiter(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = source.Failed(source.ReasonBadAnswer, "the listing is no JSON list")
	}
	return err
}
