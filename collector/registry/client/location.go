package client

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// elsewhere is a text for people: where a Location has sent us, and which settings to mend.
const elsewhere = "the Location has another scheme, host or port than the front (X-Forwarded-Proto and Host of the front, http.host and http.relativeurls of the registry)"

// An ElsewhereError is a failure of an upload that goes on at another scheme, host or port than the front's.
type ElsewhereError struct{ error }

func (e ElsewhereError) Unwrap() error { return e.error }

// Elsewhere marks err as a failure at another place than the front, and says so in its text. The reason stays, except
// that status 401 and 403 become client_error: nobody has logged in there. Elsewhere(nil) is nil.
func Elsewhere(err error) error {
	switch source.Reason(err) {
	case "":
		return nil
	case source.ReasonUnauthorized, source.ReasonForbidden:
		err = source.Failed(source.ReasonClientError, "%s", err)
	}
	return ElsewhereError{fmt.Errorf("%s: %w", elsewhere, err)}
}

// Locate returns the URL that the Location of an answer names, as containerd reads it. Everything else is an error with
// reason bad_answer:
//
//	/v2/app/blobs/uploads/1      that path of the host that was asked
//	https://other.example.org/1  that URL
//	v2/app/blobs/uploads/1       an error: containerd takes v2 for a host
//	http://…, asked with https   an error that Elsewhere marks
func Locate(asked *url.URL, location string) (*url.URL, error) {
	if strings.HasPrefix(location, "/") {
		location = asked.Scheme + "://" + asked.Host + location
	}
	u, err := url.Parse(location)
	switch {
	case err == nil && u.Scheme == "" && u.Path != "":
		return nil, source.Failed(source.ReasonBadAnswer, "the Location begins with neither a scheme nor a slash: containerd takes its beginning for a host")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, source.Failed(source.ReasonBadAnswer, "the Location is no URL")
	case asked.Scheme == "https" && u.Scheme == "http":
		return nil, Elsewhere(source.Failed(source.ReasonBadAnswer, "http after https"))
	}
	u.User, u.Fragment = nil, ""
	return u, nil
}

// IsHere says whether u has the scheme, host and port of the address of the session.
func (s *Session) IsHere(u *url.URL) bool {
	return u.Scheme == s.URL.Scheme && strings.EqualFold(hostPort(u), hostPort(s.URL))
}

// hostPort returns the host and port of u, with the default port of the scheme where u has none.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Hostname() + ":" + port
}

// SendTo sends a request to u: with Send at the address of the session, and without credentials and client certificate
// elsewhere. It follows redirects as clients do, ask.MaxRedirects of them: 307 and 308, for HEAD the others, too, and for DELETE none.
// header is sent with each request. The caller closes the body of the answer.
func (s *Session) SendTo(ctx context.Context, method string, u *url.URL, body []byte, header http.Header, scope string) (*http.Response, error) {
	send := func(req *http.Request) (*http.Response, error) { return s.Send(req, scope) }
	for n := 0; ; n++ {
		if n > 0 || !s.IsHere(u) { // after the first redirect no credentials are sent, not even back to the front
			send = s.sendElsewhere
		}
		req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
		if err != nil {
			return nil, source.Failed(source.ReasonBadAnswer, "the Location is no URL")
		}
		for name, values := range header {
			req.Header[name] = values
		}
		req.Header.Set("User-Agent", ask.UserAgent)
		if n == 0 && s.IsHere(u) {
			req.Host = s.Host
		}
		resp, err := send(req)
		if err != nil || !s.goesOn(method, resp.StatusCode) {
			return resp, err
		}
		resp.Body.Close()
		if n == ask.MaxRedirects {
			return nil, source.Failed(source.ReasonRedirected, "more than %d redirects", ask.MaxRedirects)
		}
		if u, err = resp.Location(); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, source.Failed(source.ReasonBadAnswer, "the answer redirects to something that is not a URL")
		}
		u.User = nil
	}
}

// goesOn says whether status is a redirect that clients follow with the same method.
func (s *Session) goesOn(method string, status int) bool {
	followed := []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	if method == http.MethodHead {
		followed = append(followed, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther)
	}
	return s.Account.Client.Follow && method != http.MethodDelete && slices.Contains(followed, status)
}
