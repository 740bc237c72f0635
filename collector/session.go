package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A session is one visit of a client of the registry protocol. It asks as anybody may, and logs in when, and as,
// the registry wants it, with a token for each scope. It is for one goroutine.
type session struct {
	*account
	basicAsked bool              // the registry takes the account's own credentials
	tokens     map[string]string // by scope
	sent       time.Time         // when the last request to the registry was
}

// way is how the session was let in.
func (s *session) way() string {
	switch {
	case len(s.tokens) > 0:
		return "with a token"
	case s.basicAsked:
		return "with the configured credentials"
	}
	return "without credentials"
}

// newSession begins one with an account.
func newSession(a *account) *session { return &session{account: a, tokens: map[string]string{}} }

// pullScope and pushScope are what a token is asked for when the registry does not say it itself.
func pullScope(repository string) string { return "repository:" + repository + ":pull" }
func pushScope(repository string) string { return "repository:" + repository + ":pull,push" }

// deleteScope is what Distribution wants for every DELETE, even that of an upload.
func deleteScope(repository string) string { return "repository:" + repository + ":delete" }

// request makes one of the session. ref is a path, or what a Location header said: of it only path and query
// count, as what we ask is this endpoint. A body, which may be nil, must be one that net/http can rewind.
func (s *session) request(ctx context.Context, method, ref string, body io.Reader) (*http.Request, error) {
	parsed, err := s.url.Parse(ref)
	if err != nil {
		return nil, failed(reasonBadAnswer, "the Location is no URL")
	}
	u := *s.url
	u.Path, u.RawPath, u.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Host = s.host
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// send sends req, and again with credentials when the registry asks for them. Whoever calls it reads and
// closes the body. Any status but 401 is an answer; a 401 is an error.
func (s *session) send(req *http.Request, scope string) (*http.Response, error) {
	resp, err := s.try(req, scope)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	ch := challengeOf(resp.Header)
	refused := refusalOf(resp)
	_, hadToken := s.tokens[scope]
	switch {
	case ch.scheme == "bearer" && (s.basic || !s.hasLogin):
		if ch.params["scope"] == "" || hadToken {
			ch.params["scope"] = scope
		}
		token, err := s.token(req.Context(), ch)
		if err != nil {
			return nil, notLetIn(err)
		}
		s.tokens[scope] = token
	case s.hasLogin && !s.basicAsked:
		s.basicAsked = true
	default:
		return nil, notLetIn(refused)
	}
	if resp, err = s.try(req, scope); err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, notLetIn(lackOf(resp))
	}
	return resp, nil
}

// lackOf reads and closes a 401 to a request that carried credentials. They may be good, but not for this.
func lackOf(resp *http.Response) error {
	lacks := challengeOf(resp.Header).params["error"] == "insufficient_scope"
	err := refusalOf(resp)
	if lacks {
		return failed(reasonForbidden, "%s insufficient_scope", err)
	}
	return err
}

// try sends req with what the session has.
func (s *session) try(req *http.Request, scope string) (*http.Response, error) {
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("rewinding a body: %w", err)
		}
		again.Body = body
	}
	hc := s.plain
	switch token, found := s.tokens[scope]; {
	case found:
		again.Header.Set("Authorization", "Bearer "+token)
	case s.basicAsked:
		hc = s.login
	}
	s.sent = time.Now()
	resp, err := hc.Do(again)
	if err == nil {
		return resp, nil
	}
	var n notLetInError
	isLogin := errors.As(err, &n)
	if err = ended(req.Context(), requestError(err)); isLogin {
		err = notLetIn(err)
	}
	return nil, err
}

// open asks for a manifest or blob of a repository, and goes to the store for it where the registry sends us there.
func (s *session) open(ctx context.Context, repository, path string, header http.Header) (*http.Response, error) {
	req, err := s.request(ctx, http.MethodGet, "/v2/"+repository+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := s.send(req, pullScope(repository))
	if err != nil {
		return nil, err
	}
	return s.follow(resp, header)
}

// follow asks where resp redirects to, up to a few times, without our credentials; from elsewhere than the endpoint
// itself, that is: net/http has followed those. header is what the first request carried besides.
func (s *session) follow(resp *http.Response, header http.Header) (*http.Response, error) {
	for n := 0; ; n++ {
		if !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) || !s.account.client.follow {
			return resp, nil
		}
		resp.Body.Close()
		if n == maxRedirects {
			return nil, failed(reasonRedirected, "more than %d redirects", maxRedirects)
		}
		to, err := resp.Location()
		if err != nil || to.Scheme != "http" && to.Scheme != "https" {
			return nil, failed(reasonBadAnswer, "the answer redirects to something that is not a URL")
		}
		if resp, err = s.fetchElsewhere(resp.Request.Context(), to, header); err != nil {
			return nil, fmt.Errorf("following a redirect to the store: %w", err)
		}
	}
}

func (s *session) fetchElsewhere(ctx context.Context, to *url.URL, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, failed(reasonBadAnswer, "the answer redirects to something that is not a URL")
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", userAgent)
	t := s.transportFor(to.Host).clone()
	t.TLSClientConfig.Certificates, t.TLSClientConfig.GetClientCertificate = nil, nil
	noteCertificateRequest(t.TLSClientConfig)
	resp, err := s.httpClient(t).Do(req)
	if err != nil {
		return nil, ended(ctx, requestError(err))
	}
	return resp, nil
}

// fetch reads a manifest or a blob.
func (s *session) fetch(ctx context.Context, repository, path, mediaType string) (*answer, error) {
	resp, err := s.open(ctx, repository, path, http.Header{"Accept": {mediaType}})
	if err != nil {
		return nil, err
	}
	a, err := answerOf(resp, maxSmallBody)
	switch {
	case err != nil:
		return nil, a.orRefusal(err, http.StatusOK)
	case a.status == http.StatusNotFound && strings.HasPrefix(path, "blobs/"):
		return nil, failed(reasonMissingBlob, "%s", a.refusal())
	case a.status != http.StatusOK:
		return nil, a.refusal()
	}
	return a, nil
}
