package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

var (
	apiUp = source.Gauge("registry_api_up",
		"1 if GET /v2/ without credentials answers as a registry does: 200 with the Distribution header or a JSON body, or 401 with a challenge.",
		"address", "role")
	apiAuthorized = source.Gauge("registry_api_authorized",
		"1 if a second GET /v2/ with the configured credentials, through basic auth or the token flow, is let in; 0 if not, for whatever reason; absent when no request was made.",
		"address", "role")
	apiToken = source.Gauge("registry_api_token_success",
		"1 if the token server that /v2/ names gives a token for the configured user; 0 if not, for whatever reason; absent when it was not asked. With 1 here, reason unauthorized is a registry that refuses the tokens of its own token server.",
		"address", "role")
	apiRealmRefused = source.Gauge("registry_api_realm_refused",
		"1 for a token server that /v2/ names and that may not have the password: it is neither the host of the registry nor under its domain nor in realms, or a backend names another than the front. With more than 10 names since the start, the later ones are other.",
		"address", "role", "realm").Outside("realm")
	apiStatusCode = source.Gauge("registry_api_status_code",
		"HTTP status of GET /v2/ without credentials.", "address", "role")
	apiAuth = source.Gauge("registry_api_auth",
		"1 for what GET /v2/ asks for: none, basic, bearer or other (WWW-Authenticate).", "address", "role", "scheme")
	apiPhase = source.Gauge("registry_api_phase_seconds",
		"Seconds that GET /v2/ without credentials spent in dns, connect, tls and first_byte, on a new connection.",
		"address", "role", "phase")
)

// An api asks one address for /v2/: the front of a registry or a backend behind it. The answer tells whether the address
// speaks the registry protocol, wants a login and shows a certificate that clients accept.
type api struct {
	*ask.Account
	role  string   // front or backend
	names []string // names and addresses that the certificate has to cover (tls.names)
	disk  diskFiles
	ca    ask.CA // of the front; zero: this is a backend, or there is no CA file
}

// APISources are the sources of the collector api: the front, and each backend. The error names the line of the
// configuration that is wrong.
func APISources(b *ask.Builder) ([]*source.Source, error) {
	front, err := newAPI(b, b.URL, "front", "http")
	if err != nil {
		return nil, err
	}
	if b.TLS != nil {
		front.names, front.disk = b.TLS.Names, diskFiles{b.TLS.Files, b.TLS.CAFiles}
		if err := front.disk.check(b); err != nil {
			return nil, err
		}
	}
	ca, err := b.CAs.Read(&b.HTTP.TLSConfig)
	if err != nil {
		return nil, b.Errorf([]any{"http", "tls_config", "ca_file"}, "%s", err)
	}
	front.ca = *ca
	sources := []*source.Source{front.source()}
	for _, u := range b.Backends {
		backend, err := newAPI(b, u, "backend", "http")
		if err != nil {
			return nil, err
		}
		sources = append(sources, backend.source())
	}
	return sources, nil
}

func newAPI(b *ask.Builder, u config.URL, role string, path ...any) (*api, error) {
	a, err := ask.NewAccount(b, b.HTTP, u, path...)
	if err != nil {
		return nil, err
	}
	return &api{Account: a, role: role}, nil
}

func (a *api) source() *source.Source {
	return &source.Source{
		Address: a.Address,
		Down:    append([]source.Sample{apiUp.Sample(0, a.Address, a.role)}, a.caSamples(a.ca.End)...),
		Read:    a.read,
		Words:   a.words(),
	}
}

// caSamples returns registry_tls_ca_expiry_timestamp_seconds, and nothing without a CA file. end is when the CA in use
// expires.
func (a *api) caSamples(end time.Time) []source.Sample {
	if !a.ca.Found() || end.IsZero() {
		return nil
	}
	return []source.Sample{tlsCAExpiry.Sample(source.Unix(end), a.Address)}
}

// read asks without credentials and then, if any are configured, with them. A backend that wants no login gets no password.
func (a *api) read(ctx context.Context) ([]source.Sample, error) {
	samples, ch, err := a.anonymous(ctx)
	if err != nil || !a.HasLogin || a.Basic && !a.isFront() && ch.Scheme == "" {
		return samples, err
	}
	err = a.authorize(ctx, ch, &samples)
	if source.IsUnasked(err) {
		return samples, err
	}
	return append(samples, apiAuthorized.Sample(source.Bool01(err == nil), a.Address, a.role)), err
}

// anonymous asks without credentials. It returns samples of the phases of the request and of the certificate, and the
// challenge of the answer.
func (a *api) anonymous(ctx context.Context) ([]source.Sample, ask.Challenge, error) {
	cert := served{file: a.ca}
	var timing phases
	t := a.Transport.Clone()
	t.Proxy = timing.throughProxy(t.Proxy)
	t.TLSClientConfig = cert.inspect(a.Transport.TLSClientConfig, a.URL.Hostname(), timing.proxy)
	got, err := a.Get(httptrace.WithClientTrace(ctx, timing.trace()), a.HTTPClient(t), "/v2/", ask.MaxSmallBody)
	samples := append(timing.samples(a.Address, a.role), cert.samples(a.Address, a.role, a.names)...)
	samples = append(samples, a.caSamples(cert.ca())...)
	samples = append(samples, a.disk.samples(a.Address, cert.own(), a.Transport.TLSClientConfig.RootCAs)...)
	if got == nil {
		return samples, ask.Challenge{}, fmt.Errorf("asking /v2/: %w", err)
	}
	samples = append(samples, apiStatusCode.Sample(float64(got.Status), a.Address, a.role))
	if err != nil {
		return samples, ask.Challenge{}, got.OrRefusal(err, http.StatusOK, http.StatusUnauthorized)
	}
	ch := ask.ChallengeOf(got.Header)
	if err := isRegistry(got, ch); err != nil {
		return samples, ch, err
	}
	return append(samples,
		apiUp.Sample(1, a.Address, a.role),
		apiAuth.Sample(1, a.Address, a.role, schemeLabel(got, ch))), ch, nil
}

// isRegistry returns nil when a registry answers to /v2/: with 401 and a challenge, or with 200 and the header
// Docker-Distribution-Api-Version or a JSON object.
func isRegistry(got *ask.Answer, ch ask.Challenge) error {
	switch {
	case got.Status == http.StatusUnauthorized && ch.Scheme == "":
		return source.Failed(source.ReasonBadAnswer, "status 401 without a challenge in WWW-Authenticate")
	case got.Status == http.StatusUnauthorized:
		return nil
	case got.Status != http.StatusOK:
		return got.Refusal()
	case strings.HasPrefix(got.Header.Get("Docker-Distribution-Api-Version"), "registry/"), isJSONObject(got.Body):
		return nil
	}
	return source.Failed(source.ReasonBadAnswer, "status 200 with neither the Distribution header nor a JSON body")
}

func isJSONObject(body []byte) bool {
	body = bytes.TrimSpace(body)
	return bytes.HasPrefix(body, []byte("{")) && json.Valid(body)
}

// schemeLabel returns the label scheme of registry_api_auth: none, basic, bearer or other.
func schemeLabel(got *ask.Answer, ch ask.Challenge) string {
	switch {
	case got.Status == http.StatusOK:
		return "none"
	case ch.IsKnown():
		return ch.Scheme
	}
	return "other"
}

// authorize asks again with the configured credentials: with a token when the challenge is bearer and a user and password
// are configured, and else with the credentials themselves. It adds what the token server says to the samples.
func (a *api) authorize(ctx context.Context, ch ask.Challenge, samples *[]source.Sample) error {
	isToken := a.Basic && ch.Scheme == "bearer"
	letIn := a.LoginFor
	if isToken {
		letIn = func(ctx context.Context, ch ask.Challenge) (*http.Client, error) {
			return a.withToken(ctx, ch, samples)
		}
	}
	hc, err := letIn(ctx, ch)
	if err != nil {
		return err
	}
	got, err := a.Get(ctx, hc, "/v2/", ask.MaxSmallBody)
	switch {
	case err != nil:
		return fmt.Errorf("asking /v2/ with credentials: %w", err)
	case got.Status == http.StatusUnauthorized && isToken:
		return ask.TokenRefused(fmt.Errorf("asking /v2/ with a token that was just given: %w", got.Refusal()))
	case got.Status != http.StatusOK:
		return fmt.Errorf("asking /v2/ with credentials: %w", got.Refusal())
	}
	return nil
}

// withToken is a client with a token that the token server of the challenge gives.
func (a *api) withToken(ctx context.Context, ch ask.Challenge, samples *[]source.Sample) (*http.Client, error) {
	ch.Params["scope"] = ask.NarrowScope(ch.Params["scope"], "")
	token, err := a.Token(ctx, ch)
	switch why := source.Reason(err); {
	case source.IsUnasked(err):
	case why == source.ReasonRealmRefused, why == source.ReasonRealmChanged:
		*samples = append(*samples, apiRealmRefused.Sample(1, a.Address, a.role, a.RealmLabel()))
	default:
		*samples = append(*samples, apiToken.Sample(source.Bool01(err == nil), a.Address, a.role))
	}
	return a.WithBearer(token), err
}

// ClientsFail says whether clients fail to pull or push through the front. A pull that fails for one damaged image does
// not count, nor does a failure that is about the exporter's account.
func ClientsFail(v *source.View) bool {
	return slices.ContainsFunc(v.Results, func(res source.Result) bool {
		return res.Err != nil && res.Source.Words.Alert != nil && slices.Contains([]string{"RegistryPullFails", "RegistryPushFails"}, res.Source.Words.Alert(v, res))
	})
}

// FrontIsUp says whether a front among results has registry_api_up 1: it answers to /v2/ as a registry does.
func FrontIsUp(results []source.Result) bool {
	for _, res := range results {
		for _, s := range res.All(apiUp) {
			if s.Value == 1 && s.Label("role") == "front" {
				return true
			}
		}
	}
	return false
}
