package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// oauth2Transport adds a token to requests. It gets the token from a token endpoint with the client secret. The one of
// prometheus/common ignores the deadline of the request, and sends the secret to where the token endpoint redirects.
type oauth2Transport struct {
	next    http.RoundTripper
	client  *http.Client // asks for tokens
	lockout *Lockout
	host    string  // of the token endpoint, such as login.example.org:8443
	secret  *Secret // the client secret

	mu    sync.Mutex
	grant clientcredentials.Config
	token *oauth2.Token // in use; nil: none
}

func (b *Builder) oauth2(httpConfig *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	cfg := httpConfig.OAuth2
	if cfg == nil {
		return next, nil
	}
	path = below(path, "oauth2")
	secret, err := b.Secret(cfg.ClientSecret, cfg.ClientSecretFile, below(path, "client_secret_file")...)
	if err != nil {
		return nil, err
	}
	if cfg.GrantType != "" && cfg.GrantType != "client_credentials" {
		return nil, b.Errorf(append(path, "grant_type"), "must be client_credentials, or be left out")
	}
	tokenURL, err := url.Parse(cfg.TokenURL)
	if err != nil || tokenURL.Host == "" || tokenURL.User != nil {
		return nil, b.Errorf(append(path, "token_url"), "must be a URL such as https://login.example.org/token, without user info")
	}
	t, err := NewTransport(b.CAs, &promconfig.HTTPClientConfig{TLSConfig: cfg.TLSConfig, ProxyConfig: cfg.ProxyConfig}, b.Part())
	if err != nil {
		return nil, b.Errorf(append(path, "tls_config"), "%s", err)
	}
	b.HideTransport(cfg.TLSConfig, cfg.ProxyConfig)
	params := url.Values{}
	for name, value := range cfg.EndpointParams {
		params.Set(name, value)
		b.Hide(promconfig.Secret(value))
	}
	return &oauth2Transport{
		next:    next,
		client:  &http.Client{Transport: t, CheckRedirect: stay},
		lockout: b.Lockout,
		host:    tokenURL.Host,
		secret:  secret,
		grant:   clientcredentials.Config{ClientID: cfg.ClientID, TokenURL: cfg.TokenURL, Scopes: cfg.Scopes, EndpointParams: params},
	}, nil
}

// stay follows no redirect, since the client secret would go with it.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip implements http.RoundTripper.
func (t *oauth2Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.tokenInUse(req.Context())
	if err != nil {
		return nil, NotLetIn(fmt.Errorf("asking for an OAuth2 token: %w", err))
	}
	req = req.Clone(req.Context())
	token.SetAuthHeader(req)
	resp, err := t.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		t.forget(token)
	}
	return resp, err
}

// tokenInUse returns the token in use. It gets another one when that has expired, or when the client secret has changed.
func (t *oauth2Transport) tokenInUse(ctx context.Context) (*oauth2.Token, error) {
	secret, err := t.secret.Fetch(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.Valid() && t.grant.ClientSecret == secret {
		return t.token, nil
	}
	unsent := t.lockout.Send(ctx, t.host, t.grant.ClientID+"\x00"+secret, func() Verdict {
		t.grant.ClientSecret = secret
		if t.token, err = t.grant.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client)); err != nil {
			err = tokenError(ctx, err)
		}
		return VerdictBy(err)
	})
	if err := cmp.Or(unsent, err); err != nil {
		return nil, err
	}
	return t.token, nil
}

// forget drops the token when it is in use, so that the next request gets another one.
func (t *oauth2Transport) forget(token *oauth2.Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = nil
	}
}

// tokenError returns an error of the token endpoint. It leaves out the text of the answer, which may repeat the client
// secret. The error "invalid_client" has reason unauthorized with any status: RFC 6749 allows 400, too.
func tokenError(ctx context.Context, err error) error {
	var refused *oauth2.RetrieveError
	var sending *url.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode == "invalid_client":
		return source.Failed(source.ReasonUnauthorized, "status %d invalid_client", refused.Response.StatusCode)
	case errors.As(err, &refused) && refused.Response.StatusCode != http.StatusOK:
		return (&Answer{Status: refused.Response.StatusCode}).Refusal()
	case errors.As(err, &sending):
		return RequestError(err)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return source.Failed(source.ReasonBadAnswer, "the answer holds no token")
}
