package ask

import (
	"errors"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"registry_exporter/collector/source"
)

// net/http quotes answers and the URLs of redirects, which may repeat the credentials.
func TestRequestErrorQuotesNothing(t *testing.T) {
	for _, text := range []string{
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "SECRET"`,
		`net/http: HTTP/1.x transport connection broken: malformed HTTP status code "SECRET"`,
		`net/http: HTTP/1.x transport connection broken: malformed MIME header line: SECRET`,
		`malformed HTTP version "SECRET"`,
		`bad Content-Length "SECRET"`,
		`http: message cannot contain multiple Content-Length headers; got ["SECRET"]`,
		`unsupported transfer encoding: "SECRET"`,
		`failed to parse Location header "SECRET": parse "SECRET": invalid port`,
		`http: bad trailer key "SECRET"`,
	} {
		err := RequestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: errors.New(text)})
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %s", text, err)
		}
		if got := source.Reason(err); got != source.ReasonBadAnswer {
			t.Errorf("%s: got reason %s", text, got)
		}
	}
	kept := RequestError(&url.Error{Op: "Get", URL: "http://x/?SECRET", Err: syscall.ECONNREFUSED})
	if source.Reason(kept) != source.ReasonRefused || strings.Contains(kept.Error(), "SECRET") {
		t.Errorf("got %s, reason %s", kept, source.Reason(kept))
	}
}
