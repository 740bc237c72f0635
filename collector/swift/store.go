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
	"sync"
	"time"

	"github.com/ncw/swift/v2"
	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	reachable = source.Gauge("registry_swift_reachable",
		"1 if Swift let us in and the container answers (HEAD of the container).", "endpoint", "container")
	containerObjects = source.Gauge("registry_swift_container_objects",
		"Objects in the container (X-Container-Object-Count).", "endpoint", "container")
	containerBytes = source.Gauge("registry_swift_container_bytes",
		"Bytes in the container (X-Container-Bytes-Used).", "endpoint", "container")
	stepSeconds = source.Gauge("registry_swift_step_seconds",
		"Seconds by step: auth (only when a new token was needed) and container.", "endpoint", "step")
)

// loginEvery is how long a token is used. Swift's own may live a day: a changed key, or a Keystone
// that is down, would be noticed only then.
const loginEvery = time.Minute

// noTimeout is for the library's own timeouts: the context of the scrape decides.
const noTimeout = time.Hour

// A store is the object store under a registry.
type store struct {
	cfg       *config.Swift
	endpoint  string
	key       *ask.Secret
	transport http.RoundTripper
	lockout   *ask.Lockout

	mu      sync.Mutex
	session *swift.Connection
	since   time.Time
}

func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Swift == nil {
		return nil, nil
	}
	s, err := ask.Once(b, newStore)
	if err != nil {
		return nil, err
	}
	return []*source.Source{{
		Endpoint: s.endpoint,
		Down:     []source.Sample{reachable.Sample(0, s.endpoint, s.cfg.Container)},
		Read:     s.read,
		Words:    s.words(),
	}}, nil
}

// newStore is called once for a registry: all its sources share a login.
func newStore(b *ask.Builder) (*store, error) {
	s := &store{cfg: b.Swift, endpoint: b.Swift.AuthURL.Endpoint(), lockout: b.Lockout}
	var err error
	if s.key, err = b.Secret(s.cfg.Key, s.cfg.KeyFile, "swift", "key_file"); err != nil {
		return nil, err
	}
	httpConfig := promconfig.DefaultHTTPClientConfig
	if s.cfg.TLSConfig != nil {
		httpConfig.TLSConfig = *s.cfg.TLSConfig
	}
	if s.transport, err = ask.NewTransport(&httpConfig); err != nil {
		return nil, b.Errorf([]any{"swift", "tls_config"}, "%s", err)
	}
	b.HideTransport(httpConfig.TLSConfig, httpConfig.ProxyConfig)
	return s, nil
}

func (s *store) read(ctx context.Context) ([]source.Sample, error) {
	var found []source.Sample
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
func (s *store) loggedIn(ctx context.Context, do func(*swift.Connection) error) ([]source.Sample, error) {
	session, samples, err := s.login(ctx)
	if err != nil {
		return samples, fmt.Errorf("logging in: %w", err)
	}
	err = do(session)
	if source.Reason(err) != source.ReasonUnauthorized || len(samples) > 0 {
		return samples, err
	}
	s.forget(session)
	if session, samples, err = s.login(ctx); err != nil {
		return samples, fmt.Errorf("logging in again: %w", err)
	}
	return samples, do(session)
}

// login returns the session in use or opens one; then the samples tell how long that took.
func (s *store) login(ctx context.Context) (*swift.Connection, []source.Sample, error) {
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
	return session, []source.Sample{stepSeconds.Sample(time.Since(start).Seconds(), s.endpoint, "auth")}, nil
}

// open logs in. The library is kept from doing so by itself, with a clock that may differ from Keystone's:
// a token is used until Swift refuses it, or for loginEvery.
func (s *store) open(ctx context.Context, key string) (*swift.Connection, error) {
	session := s.newSession(key)
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
	}
	return session, nil
}

func (s *store) newSession(key string) *swift.Connection {
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
		Transport: strict{ask.NewLockoutTransport(s.transport, s.lockout, secretOf)},
		UserAgent: ask.UserAgent, Retries: -1, ConnectTimeout: noTimeout, Timeout: noTimeout,
	}
}

func (s *store) forget(session *swift.Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == session {
		s.session = nil
	}
}

func (s *store) container(ctx context.Context, session *swift.Connection) ([]source.Sample, error) {
	start := time.Now()
	info, _, err := session.Container(ctx, s.cfg.Container)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	if info.Count < 0 || info.Bytes < 0 {
		return nil, source.Failed(source.ReasonBadAnswer, "the container has a negative count")
	}
	return []source.Sample{
		stepSeconds.Sample(time.Since(start).Seconds(), s.endpoint, "container"),
		reachable.Sample(1, s.endpoint, s.cfg.Container),
		containerObjects.Sample(float64(info.Count), s.endpoint, s.cfg.Container),
		containerBytes.Sample(float64(info.Bytes), s.endpoint, s.cfg.Container),
	}, nil
}

// storeError gives the library's errors our reasons. It leaves their words, which may be the server's.
func storeError(ctx context.Context, err error) error {
	var known *swift.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &known) && known.StatusCode >= 300:
		return (&ask.Answer{Status: known.StatusCode}).Refusal()
	case errors.As(err, &known), errors.As(err, &syntax), errors.As(err, &shape), err == io.EOF: // bare: no JSON at all
		return source.Failed(source.ReasonBadAnswer, "not the answer of a Swift: token, storage URL, counts or listing are missing")
	}
	return ask.Ended(ctx, ask.RequestError(err))
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
		return nil, (&ask.Answer{Status: resp.StatusCode}).Refusal()
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, ask.MaxSmallBody)
	return resp, nil
}
