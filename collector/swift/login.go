package swift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ncw/swift/v2"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

// loginEvery is how old a token may be before a login replaces it. Swift may accept a token for a day: with that token alone,
// the exporter would not notice a changed key, or a Keystone that is down, before the next day. renewTime is how long that
// login may take. The old token is in use until then, so no scrape waits for a slow Keystone; registries do not wait for it
// either while they hold a token.
const (
	loginEvery = time.Minute
	renewTime  = 15 * time.Second
)

// noTimeout switches off the library's own timeouts: the context of the scrape or the run bounds a request.
const noTimeout = time.Hour

// withSession calls do with the session in use. When Swift answers 401 to a token of an earlier scrape or run,
// withSession logs in and calls do a second time.
func (s *store) withSession(ctx context.Context, do func(*swift.Connection) error) error {
	session, isNew, err := s.currentSession(ctx)
	if err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	err = do(session)
	if source.Reason(err) != source.ReasonUnauthorized || isNew {
		return err
	}
	s.dropSession(session)
	if session, _, err = s.currentSession(ctx); err != nil {
		return fmt.Errorf("logging in again: %w", err)
	}
	return do(session)
}

// currentSession returns the session in use. When there is none, it logs in: isNew says so.
func (s *store) currentSession(ctx context.Context) (session *swift.Connection, isNew bool, err error) {
	if session := s.held(ctx); session != nil {
		return session, false, nil
	}
	session, err = s.login(ctx)
	return session, err == nil, err
}

// held returns the session in use, or nil. When the session is loginEvery old, held starts a login that replaces it.
func (s *store) held(ctx context.Context) *swift.Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil && time.Since(s.since) >= loginEvery && !s.renewing {
		s.renewing = true
		go s.renew(context.WithoutCancel(ctx), s.session)
	}
	return s.session
}

// renew logs in while others use the old session. When it cannot, it drops the old one, so that the next request logs in and
// says why it cannot.
func (s *store) renew(ctx context.Context, old *swift.Connection) {
	ctx, cancel := context.WithTimeout(ctx, renewTime)
	defer cancel()
	isNew := false
	defer func() {
		_ = recover() // the next request meets the same answer, and its reading tells of the panic
		if !isNew {
			s.dropSession(old)
		}
		s.mu.Lock()
		s.renewing = false
		s.mu.Unlock()
	}()
	_, err := s.login(ctx)
	isNew = err == nil
}

// login logs in, and has the new session in use.
func (s *store) login(ctx context.Context) (*swift.Connection, error) {
	key, err := s.key.Fetch(ctx)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	session, err := s.openSession(ctx, key)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.since, s.loginTook = session, start, time.Since(start)
	return session, nil
}

// takeLogin returns the duration of the last login as a sample, once.
func (s *store) takeLogin() []source.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.loginTook
	if s.loginTook = 0; took == 0 {
		return nil
	}
	return []source.Sample{stepSeconds.Sample(took.Seconds(), s.address, "auth")}
}

// dropSession makes the next request log in, unless another request has done so since.
func (s *store) dropSession(session *swift.Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == session {
		s.session = nil
	}
}

// storageHost is the host:port that gets the token of the session in use, and that may get writes; empty without a session.
func (s *store) storageHost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return ""
	}
	u, err := url.Parse(s.session.StorageUrl)
	if err != nil {
		return ""
	}
	return ask.HostPort(u)
}

// openSession logs in. It forgets when the token ends. Otherwise the library would log in by itself whenever the clock of
// the exporter is ahead of Keystone's.
func (s *store) openSession(ctx context.Context, key string) (*swift.Connection, error) {
	session := s.newConnection(key)
	err := session.Authenticate(ctx)
	session.Expires = time.Time{}
	if own := s.cfg.StorageURL; own.URL != nil {
		session.StorageUrl = own.String()
	}
	if !session.Authenticated() {
		return nil, storeError(ctx, err)
	}
	session.StorageUrl = strings.TrimRight(session.StorageUrl, "/")
	if u, err := url.Parse(session.StorageUrl); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, source.Failed(source.ReasonBadAnswer, "the storage URL that came with the token is none")
	} else if s.cfg.StorageURL.URL == nil {
		if err := s.places.allow(s.cfg.AuthURL.URL, u); err != nil {
			return nil, err
		}
	}
	return session, nil
}

// newConnection makes a connection of the library that has not logged in. Only its logins carry the key, and only they go
// through the lockout.
func (s *store) newConnection(key string) *swift.Connection {
	secretOf := func(req *http.Request) string {
		if req.Header.Get("X-Auth-Token") != "" {
			return ""
		}
		return s.cfg.Username + "\x00" + key
	}
	return &swift.Connection{
		AuthUrl: s.cfg.AuthURL.String(), AuthVersion: s.cfg.AuthVersion,
		UserName: s.cfg.Username, ApiKey: key,
		Tenant: s.cfg.Tenant, Domain: s.cfg.Domain, Region: s.cfg.Region,
		Transport: strictTransport{ask.NewLockoutTransport(s.transport, s.lockout, secretOf)},
		UserAgent: ask.UserAgent, Retries: -1, ConnectTimeout: noTimeout, Timeout: noTimeout,
	}
}

// storeError gives an error of the library a reason of package source. It drops the text, in which the server may repeat
// the token.
func storeError(ctx context.Context, err error) error {
	var known *swift.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &known) && known.StatusCode >= 300:
		return (&ask.Answer{Status: known.StatusCode}).Refusal()
	case errors.As(err, &known), errors.As(err, &syntax), errors.As(err, &shape), err == io.EOF: // io.EOF itself: the body is empty
		return source.Failed(source.ReasonBadAnswer, "not the answer of a Swift: token, storage URL, counts or listing are missing")
	}
	return ask.Ended(ctx, ask.RequestError(err))
}

// A strictTransport makes an error of every status from 300 on. Left to itself, the library would send a refused key a
// second time, send the key to where a redirect leads, and read a body of any length to its end. Status 400 passes: the
// library answers it with the second form of a login by v2.
type strictTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t strictTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusBadRequest {
		resp.Body.Close()
		return nil, (&ask.Answer{Status: resp.StatusCode}).Refusal()
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, ask.MaxSmallBody)
	return resp, nil
}
