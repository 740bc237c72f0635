package client

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

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// A Session is a client of a registry for one run. Its first request has no credentials. After a 401 it sends the
// credentials that the challenge asks for: the configured ones, or a token for each scope. It is for one goroutine.
type Session struct {
	*ask.Account
	basicAsked bool                 // requests carry the configured credentials
	tokens     map[string]ask.Token // by scope
	Sent       time.Time            // when the last request to the registry was sent
}

// HowLetIn says for people how the session was let in, such as "with a token".
func (s *Session) HowLetIn() string {
	switch {
	case len(s.tokens) > 0:
		return "with a token"
	case s.basicAsked:
		return "with the configured credentials"
	}
	return "without credentials"
}

// HasToken says whether the session got a token.
func (s *Session) HasToken() bool { return len(s.tokens) > 0 }

// NewSession begins a session with an account.
func NewSession(a *ask.Account) *Session { return &Session{Account: a, tokens: map[string]ask.Token{}} }

// pullScope is the scope of a token for pulls from a repository, when the challenge names none.
func pullScope(repository string) string { return "repository:" + repository + ":pull" }

// PushScope is the scope of a token for pushes to a repository, when the challenge names none.
func PushScope(repository string) string { return "repository:" + repository + ":pull,push" }

// DeleteScope is the scope of a token for DELETE. Distribution wants it to cancel an upload, too.
func DeleteScope(repository string) string { return "repository:" + repository + ":delete" }

// Request makes a request to the address of the session. ref is a path with its query, such as /v2/; a host in it is left
// out. SendTo is for what a Location names. body may be nil; it must be one that net/http can rewind, such as a
// bytes.Reader. The reason of an error is bad_answer.
func (s *Session) Request(ctx context.Context, method, ref string, body io.Reader) (*http.Request, error) {
	parsed, err := s.URL.Parse(ref)
	if err != nil {
		return nil, source.Failed(source.ReasonBadAnswer, "the path is no URL")
	}
	u := *s.URL
	u.Path, u.RawPath, u.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Host = s.Host
	req.Header.Set("User-Agent", ask.UserAgent)
	return req, nil
}

// Send sends req, and once more with credentials when the registry answers 401. scope is that of the token, if the
// challenge names none. Send returns an answer with any other status; the caller closes its body. An error that
// ask.IsNotLetIn knows is about the login. A 401 that asks for no login, and one to a token that was just given, are not.
//
// A token is used until its end. One that is refused before that is replaced when the challenge says why (error="…"), as
// containerd does.
func (s *Session) Send(req *http.Request, scope string) (*http.Response, error) {
	resp, err := s.try(req, scope)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	ch := ask.ChallengeOf(resp.Header)
	refused := ask.RefusalOf(resp)
	had, hadToken := s.tokens[scope]
	switch {
	case source.Reason(refused) != source.ReasonUnauthorized, ch.Scheme == "" && (s.Basic || !s.HasLogin):
		return nil, refused
	case hadToken && ask.IsLackOfRight(refused):
		return nil, ask.NotLetIn(source.Failed(source.ReasonForbidden, "%s", refused))
	case hadToken && ch.Params["error"] == "" && time.Now().Before(had.End):
		return nil, ask.TokenEnded(fmt.Errorf("%w to a token that was let in before, and is good for %s more by its expires_in", refused, time.Until(had.End).Round(time.Second)))
	case ch.Scheme == "bearer" && (s.Basic || !s.HasLogin):
		ch.Params["scope"] = ask.NarrowScope(ch.Params["scope"], scope)
		if hadToken {
			ch.Params["scope"] = scope
		}
		token, err := s.Token(req.Context(), ch)
		if err != nil {
			return nil, ask.NotLetIn(err)
		}
		s.tokens[scope] = token
	case s.HasLogin && !s.basicAsked:
		if _, err := s.LoginFor(req.Context(), ch); err != nil {
			return nil, ask.NotLetIn(err)
		}
		s.basicAsked = true
	default:
		return nil, ask.NotLetIn(refused)
	}
	if resp, err = s.try(req, scope); err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, lackOf(resp)
	}
	return resp, nil
}

// lackOf returns the error of a 401 to a request with credentials, and closes the answer. The parameter error of the
// challenge tells:
//
//	insufficient_scope  the credentials are good and lack a right: forbidden, marked with ask.NotLetIn; Harbor names the right in its body
//	invalid_token       the registry refuses a token that was just given: marked with ask.TokenRefused
//	none                a failed login; some registries write so that a right is lacking
func lackOf(resp *http.Response) error {
	problem := ask.ChallengeOf(resp.Header).Params["error"]
	err := ask.RefusalOf(resp)
	switch {
	case problem == "insufficient_scope":
		return ask.NotLetIn(source.Failed(source.ReasonForbidden, "%s insufficient_scope", err))
	case ask.IsLackOfRight(err):
		return ask.NotLetIn(source.Failed(source.ReasonForbidden, "%s", err))
	case problem == "invalid_token":
		return ask.TokenRefused(fmt.Errorf("%w invalid_token, to a token that was just given", err))
	case source.Reason(err) != source.ReasonUnauthorized:
		return err
	}
	return ask.NotLetIn(err)
}

// try sends a copy of req with the token of the scope, or the configured credentials if they were asked for, or none.
func (s *Session) try(req *http.Request, scope string) (*http.Response, error) {
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("rewinding a body: %w", err)
		}
		again.Body = body
	}
	hc := s.Plain
	switch token, found := s.tokens[scope]; {
	case found:
		again.Header.Set("Authorization", "Bearer "+token.Text)
	case s.basicAsked:
		hc = s.Login
	}
	s.Sent = time.Now()
	resp, err := hc.Do(again)
	if err == nil {
		return resp, nil
	}
	var n ask.NotLetInError
	isLogin := errors.As(err, &n) || source.Reason(err) == source.ReasonTLSClientCert
	if err = ask.Ended(req.Context(), ask.RequestError(err)); isLogin {
		err = ask.NotLetIn(err)
	}
	return nil, err
}

// follow follows at most ask.MaxRedirects redirects to other hosts, without credentials and without client certificate.
// net/http has followed those within the address. header is sent with each request, as it was with the first.
func (s *Session) follow(resp *http.Response, header http.Header) (*http.Response, error) {
	for n := 0; ; n++ {
		if !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) || !s.Account.Client.Follow {
			return resp, nil
		}
		resp.Body.Close()
		if n == ask.MaxRedirects {
			return nil, source.Failed(source.ReasonRedirected, "more than %d redirects", ask.MaxRedirects)
		}
		to, err := resp.Location()
		if err != nil || to.Scheme != "http" && to.Scheme != "https" {
			return nil, source.Failed(source.ReasonBadAnswer, "the answer redirects to something that is not a URL")
		}
		req, err := toStore(resp.Request.Context(), resp.Request.Method, to, header)
		if err != nil {
			return nil, err
		}
		if resp, err = s.sendElsewhere(req); err != nil {
			return nil, fmt.Errorf("following a redirect to the store: %w", err)
		}
	}
}

// toStore makes a request to a store to which a registry has redirected.
func toStore(ctx context.Context, method string, to *url.URL, header http.Header) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ask.ToStore(ctx), method, to.String(), nil)
	if err != nil {
		return nil, source.Failed(source.ReasonBadAnswer, "the answer redirects to something that is not a URL")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", ask.UserAgent)
	return req, nil
}

// sendElsewhere sends a request to another host than that of the session, without credentials and without client
// certificate: that host must not learn who we are.
func (s *Session) sendElsewhere(req *http.Request) (*http.Response, error) {
	t, err := s.Elsewhere(req.URL)
	if err != nil {
		return nil, err
	}
	resp, err := s.HTTPClient(t).Do(req)
	if err != nil {
		return nil, ask.Ended(req.Context(), ask.RequestError(err))
	}
	return resp, nil
}

// Fetch reads a manifest or a blob of at most 1 MiB. path is as in Open; mediaType is sent as Accept. Status 200 is
// right, and 206 for a blob; any other is an error. A 404 for a blob has the reason missing_blob.
func (s *Session) Fetch(ctx context.Context, repository, path, mediaType string) (*ask.Answer, error) {
	resp, err := s.Open(ctx, repository, path, http.Header{"Accept": {mediaType}})
	if err != nil {
		return nil, err
	}
	isBlob := strings.HasPrefix(path, "blobs/")
	a, err := ask.AnswerOf(resp, ask.MaxSmallBody)
	switch {
	case err != nil:
		return nil, a.OrRefusal(err, http.StatusOK)
	case a.Status == http.StatusNotFound && isBlob:
		return nil, source.Failed(source.ReasonMissingBlob, "%s", a.Refusal())
	case a.Status != http.StatusOK && !(isBlob && a.Status == http.StatusPartialContent):
		return nil, a.Refusal()
	}
	return a, nil
}
