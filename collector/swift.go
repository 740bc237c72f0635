package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ncw/swift/v2"
	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

var (
	swiftReachable = gauge("registry_swift_reachable",
		"1 if Swift let us in and the container answers (HEAD of the container).", "endpoint", "container")
	swiftObjects = gauge("registry_swift_container_objects",
		"Objects in the container (X-Container-Object-Count).", "endpoint", "container")
	swiftBytes = gauge("registry_swift_container_bytes",
		"Bytes in the container (X-Container-Bytes-Used).", "endpoint", "container")
	swiftStep = gauge("registry_swift_step_seconds",
		"Seconds by step: auth (only when a new token was needed) and container.", "endpoint", "step")
)

// loginEvery is how long a token is used. Swift's own may live a day: a changed key, or a Keystone
// that is down, would be noticed only then.
const loginEvery = time.Minute

// noTimeout is for the library's own timeouts: the context of the scrape decides.
const noTimeout = time.Hour

// A swiftStore is the object store under a registry.
type swiftStore struct {
	cfg       *config.Swift
	endpoint  string
	key       *secret
	transport http.RoundTripper
	lockout   *lockout

	mu      sync.Mutex
	session *swift.Connection
	since   time.Time
}

func swiftSources(b *builder) ([]*source, error) {
	if b.Swift == nil {
		return nil, nil
	}
	s, err := once(b, newSwiftStore)
	if err != nil {
		return nil, err
	}
	return []*source{{
		endpoint: s.endpoint,
		down:     []sample{swiftReachable.sample(0, s.endpoint, s.cfg.Container)},
		read:     s.read,
		words:    s.words(),
	}}, nil
}

// newSwiftStore is called once for a registry: all its sources share a login.
func newSwiftStore(b *builder) (*swiftStore, error) {
	s := &swiftStore{cfg: b.Swift, endpoint: b.Swift.AuthURL.Endpoint(), lockout: b.lockout}
	var err error
	if s.key, err = b.secret(s.cfg.Key, s.cfg.KeyFile, "swift", "key_file"); err != nil {
		return nil, err
	}
	httpConfig := promconfig.DefaultHTTPClientConfig
	if s.cfg.TLSConfig != nil {
		httpConfig.TLSConfig = *s.cfg.TLSConfig
	}
	if s.transport, err = newTransport(&httpConfig); err != nil {
		return nil, b.errorf([]any{"swift", "tls_config"}, "%s", err)
	}
	b.hideTransport(httpConfig.TLSConfig, httpConfig.ProxyConfig)
	return s, nil
}

func (s *swiftStore) read(ctx context.Context) ([]sample, error) {
	var found []sample
	login, err := s.loggedIn(ctx, func(session *swift.Connection) (err error) {
		if found, err = s.container(ctx, session); err != nil { // the token stays: to log in each time would make a slow Swift slower
			return fmt.Errorf("asking for the container: %w", err)
		}
		return nil
	})
	return append(login, found...), err
}

// loggedIn calls do with the session in use, and once more with a new one when its token has just ended. The samples
// are those of the last login, if there was one.
func (s *swiftStore) loggedIn(ctx context.Context, do func(*swift.Connection) error) ([]sample, error) {
	session, samples, err := s.login(ctx)
	if err != nil {
		return samples, fmt.Errorf("logging in: %w", err)
	}
	err = do(session)
	if reason(err) != reasonUnauthorized || len(samples) > 0 {
		return samples, err
	}
	s.forget(session)
	if session, samples, err = s.login(ctx); err != nil {
		return samples, fmt.Errorf("logging in again: %w", err)
	}
	return samples, do(session)
}

// login returns the session in use or opens one; then the samples tell how long that took.
func (s *swiftStore) login(ctx context.Context) (*swift.Connection, []sample, error) {
	s.mu.Lock()
	session, age := s.session, time.Since(s.since)
	s.mu.Unlock()
	if session != nil && age < loginEvery {
		return session, nil, nil
	}
	key, err := s.key.Fetch(ctx)
	if err != nil {
		return nil, nil, err
	}
	start := time.Now()
	session, err = s.open(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	s.session, s.since = session, start
	s.mu.Unlock()
	return session, []sample{swiftStep.sample(time.Since(start).Seconds(), s.endpoint, "auth")}, nil
}

// open logs in. The library is kept from doing so by itself, with a clock that may differ from Keystone's:
// a token is used until Swift refuses it, or for loginEvery.
func (s *swiftStore) open(ctx context.Context, key string) (*swift.Connection, error) {
	session := s.newSession(key)
	err := session.Authenticate(ctx)
	session.Expires = time.Time{}
	if own := s.cfg.StorageURL; own.URL != nil {
		session.StorageUrl = own.String()
	}
	if !session.Authenticated() {
		return nil, swiftError(ctx, err)
	}
	session.StorageUrl = strings.TrimRight(session.StorageUrl, "/")
	if u, err := url.Parse(session.StorageUrl); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, failed(reasonBadAnswer, "the storage URL that came with the token is none")
	}
	return session, nil
}

func (s *swiftStore) newSession(key string) *swift.Connection {
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
		Transport: strict{newLockoutTransport(s.transport, s.lockout, secretOf)},
		UserAgent: userAgent, Retries: -1, ConnectTimeout: noTimeout, Timeout: noTimeout,
	}
}

func (s *swiftStore) forget(session *swift.Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == session {
		s.session = nil
	}
}

func (s *swiftStore) container(ctx context.Context, session *swift.Connection) ([]sample, error) {
	start := time.Now()
	info, _, err := session.Container(ctx, s.cfg.Container)
	if err != nil {
		return nil, swiftError(ctx, err)
	}
	if info.Count < 0 || info.Bytes < 0 {
		return nil, failed(reasonBadAnswer, "the container has a negative count")
	}
	return []sample{
		swiftStep.sample(time.Since(start).Seconds(), s.endpoint, "container"),
		swiftReachable.sample(1, s.endpoint, s.cfg.Container),
		swiftObjects.sample(float64(info.Count), s.endpoint, s.cfg.Container),
		swiftBytes.sample(float64(info.Bytes), s.endpoint, s.cfg.Container),
	}, nil
}

// swiftError gives the library's errors our reasons. It leaves their words, which may be the server's.
func swiftError(ctx context.Context, err error) error {
	var known *swift.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &known) && known.StatusCode >= 300:
		return (&answer{status: known.StatusCode}).refusal()
	case errors.As(err, &known), errors.As(err, &syntax), errors.As(err, &shape), err == io.EOF: // bare: no JSON at all
		return failed(reasonBadAnswer, "not the answer of a Swift: token, storage URL, counts or listing are missing")
	}
	return ended(ctx, requestError(err))
}

// strict makes an error of whatever is no success: the library would send a refused key again, follow a redirect with
// it, and read every body to its end. It leaves 400, to which v2 has a second form to try.
type strict struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t strict) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusBadRequest {
		resp.Body.Close()
		return nil, (&answer{status: resp.StatusCode}).refusal()
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxSmallBody)
	return resp, nil
}
