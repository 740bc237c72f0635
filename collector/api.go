package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"

	"registry_exporter/config"
)

var (
	apiUp = gauge("registry_api_up",
		"1 if GET /v2/ without credentials answers as a registry does: 200 with the Distribution header or a JSON body, or 401 with a challenge.",
		"endpoint", "role")
	apiAuthorized = gauge("registry_api_authorized",
		"1 if a second GET /v2/ with the configured credentials, through basic auth or the token flow, is let in; 0 if not, for whatever reason; absent when no request was made.",
		"endpoint", "role")
	apiStatusCode = gauge("registry_api_status_code",
		"HTTP status of GET /v2/ without credentials.", "endpoint", "role")
	apiAuth = gauge("registry_api_auth",
		"1 for what GET /v2/ asks for: none, basic, bearer or other (WWW-Authenticate).", "endpoint", "role", "scheme")
	apiPhase = gauge("registry_api_phase_seconds",
		"Seconds that GET /v2/ without credentials spent in dns, connect, tls and first_byte, on a new connection.",
		"endpoint", "role", "phase")
)

// api asks the front of a registry, or one backend behind it, whether it speaks the registry protocol.
type api struct {
	*account
	role   string
	names  []string // that the certificate has to cover
	always []sample // known without asking
}

func apiSources(b *builder) ([]*source, error) {
	front, err := newAPI(b, b.URL, "front", "http")
	if err != nil {
		return nil, err
	}
	if b.TLS != nil {
		front.names = b.TLS.Names
	}
	end, found, err := caExpiry(b.HTTP.TLSConfig)
	if err != nil {
		return nil, b.errorf([]any{"http", "tls_config", "ca_file"}, "%s", err)
	}
	if found {
		front.always = []sample{tlsCAExpiry.sample(unix(end), front.endpoint)}
	}
	sources := []*source{front.source()}
	for _, u := range b.Backends {
		backend, err := newAPI(b, u, "backend", "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, backend.source())
	}
	return sources, nil
}

func newAPI(b *builder, u config.URL, role string, path ...any) (*api, error) {
	a, err := newAccount(b, b.HTTP, u, path...)
	if err != nil {
		return nil, err
	}
	return &api{account: a, role: role}, nil
}

func (a *api) source() *source {
	return &source{
		endpoint: a.endpoint,
		down:     append([]sample{apiUp.sample(0, a.endpoint, a.role)}, a.always...),
		read:     a.read,
		words:    a.words(),
	}
}

func (a *api) read(ctx context.Context) ([]sample, error) {
	samples, ch, err := a.anonymous(ctx)
	if err != nil || !a.hasLogin {
		return samples, err
	}
	err = a.authorize(ctx, ch)
	if isUnasked(err) {
		return samples, err
	}
	return append(samples, apiAuthorized.sample(bool01(err == nil), a.endpoint, a.role)), err
}

// anonymous asks without credentials, as anybody may, and looks at each step of the way.
func (a *api) anonymous(ctx context.Context) ([]sample, challenge, error) {
	var cert served
	var way phases
	t := a.transport.clone()
	t.Proxy = way.throughProxy(t.Proxy)
	t.TLSClientConfig = cert.inspect(a.transport.TLSClientConfig, a.url.Hostname(), way.proxy)
	got, err := a.get(httptrace.WithClientTrace(ctx, way.trace()), a.httpClient(t), "/v2/", maxSmallBody)
	samples := append(way.samples(a.endpoint, a.role), cert.samples(a.endpoint, a.role, a.names)...)
	if got == nil {
		return samples, challenge{}, fmt.Errorf("asking /v2/: %w", err)
	}
	samples = append(samples, apiStatusCode.sample(float64(got.status), a.endpoint, a.role))
	if err != nil {
		return samples, challenge{}, got.orRefusal(err, http.StatusOK, http.StatusUnauthorized)
	}
	ch := challengeOf(got.header)
	if err := isRegistry(got, ch); err != nil {
		return samples, ch, err
	}
	return append(samples,
		apiUp.sample(1, a.endpoint, a.role),
		apiAuth.sample(1, a.endpoint, a.role, schemeLabel(got, ch))), ch, nil
}

// isRegistry says what is wrong when the answer to /v2/ is not that of a registry.
func isRegistry(got *answer, ch challenge) error {
	switch {
	case got.status == http.StatusUnauthorized && ch.scheme == "":
		return failed(reasonBadAnswer, "status 401 without a challenge in WWW-Authenticate")
	case got.status == http.StatusUnauthorized:
		return nil
	case got.status != http.StatusOK:
		return got.refusal()
	case strings.HasPrefix(got.header.Get("Docker-Distribution-Api-Version"), "registry/"), isJSONObject(got.body):
		return nil
	}
	return failed(reasonBadAnswer, "status 200 with neither the Distribution header nor a JSON body")
}

func isJSONObject(body []byte) bool {
	body = bytes.TrimSpace(body)
	return bytes.HasPrefix(body, []byte("{")) && json.Valid(body)
}

func schemeLabel(got *answer, ch challenge) string {
	switch {
	case got.status == http.StatusOK:
		return "none"
	case ch.isKnown():
		return ch.scheme
	}
	return "other"
}

// authorize asks again with the configured credentials, as a client would.
func (a *api) authorize(ctx context.Context, ch challenge) error {
	hc := a.login
	if a.basic && ch.scheme == "bearer" {
		token, err := a.token(ctx, ch)
		if err != nil {
			return err
		}
		hc = a.withBearer(token)
	}
	got, err := a.get(ctx, hc, "/v2/", maxSmallBody)
	switch {
	case err != nil:
		return fmt.Errorf("asking /v2/ with credentials: %w", err)
	case got.status != http.StatusOK:
		return fmt.Errorf("asking /v2/ with credentials: %w", got.refusal())
	}
	return nil
}

// frontIsUp says whether /v2/ of the front answers as a registry does.
func frontIsUp(results []result) bool {
	for _, res := range results {
		for _, s := range res.all(apiUp) {
			if s.value == 1 && s.label("role") == "front" {
				return true
			}
		}
	}
	return false
}
