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

// elsewhere says for people where a Location has sent us, and who has to mend it.
const elsewhere = "the Location has another scheme, host or port than the front (X-Forwarded-Proto and Host of the front, http.host and http.relativeurls of the registry)"

// An ElsewhereError is a failure of an upload that has to go on at another scheme, host or port than the front's.
type ElsewhereError struct{ error }

func (e ElsewhereError) Unwrap() error { return e.error }

// Elsewhere marks err as a failure at another place than the front, and says so. Its reason stays, but for status 401 and
// 403: nobody has logged in there, so they are client_error. For nil it returns nil.
func Elsewhere(err error) error {
	switch source.Reason(err) {
	case "":
		return nil
	case source.ReasonUnauthorized, source.ReasonForbidden:
		err = source.Failed(source.ReasonClientError, "%s", err)
	}
	return ElsewhereError{fmt.Errorf("%s: %w", elsewhere, err)}
}

// Locate is the URL that the Location of an answer names, as containerd reads it: what begins with a slash is a path of the
// host that was asked, all else has a scheme and a host. From https to http it is no place to go on. The reason of an
// error is bad_answer.
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

// hostPort is the host of u with its port, also where that is left out.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Hostname() + ":" + port
}

// SendTo sends a request to u: with Send at the address of the session, and without credentials and client certificate
// elsewhere. It follows redirects as clients do, ask.MaxRedirects of them: 307 and 308, and for HEAD the others, too.
// header is sent with each request. The caller closes the body of the answer.
func (s *Session) SendTo(ctx context.Context, method string, u *url.URL, body []byte, header http.Header, scope string) (*http.Response, error) {
	send := func(req *http.Request) (*http.Response, error) { return s.Send(req, scope) }
	for n := 0; ; n++ {
		if n > 0 || !s.IsHere(u) { // once left, no redirect brings the credentials back
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

// goesOn says whether an answer is a redirect that clients follow with the same method.
func (s *Session) goesOn(method string, status int) bool {
	followed := []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect}
	if method == http.MethodHead {
		followed = append(followed, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther)
	}
	return s.Account.Client.Follow && slices.Contains(followed, status)
}
