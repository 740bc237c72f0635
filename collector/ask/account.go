package ask

import (
	"context"
	"errors"
	"net/http"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// An Account is a client of a registry with its credentials. It can get tokens with them.
type Account struct {
	*Client
	HasLogin bool // the configuration has credentials of some kind
	Basic    bool // the credentials are a user and a password (basic_auth)
	username *Secret
	password *Secret
	realms   *realmRule
}

// NewAccount builds the account of cfg at u, which is the front of the registry or a backend. The server's certificate
// may be signed by a CA of the CA file or of the system, as with docker, containerd and podman. path is that of cfg in
// the configuration, for errors.
func NewAccount(b *Builder, cfg *promconfig.HTTPClientConfig, u config.URL, path ...any) (*Account, error) {
	c, err := newClient(b, cfg, u, b.URL, path...)
	if err != nil {
		return nil, err
	}
	if c.elsewhere != nil {
		c.Transport.TLSClientConfig.RootCAs = c.elsewhere
	}
	a := &Account{Client: c, HasLogin: c.Login != c.Plain, realms: realmRuleOf(b, u)}
	if auth := cfg.BasicAuth; auth != nil {
		a.Basic = true
		a.username = b.newSecret(promconfig.Secret(auth.Username), auth.UsernameFile)
		a.password = b.reader(auth.Password, auth.PasswordFile)
	}
	return a, nil
}

// A NotLetInError is a failed login: at the registry, or at its token endpoint.
type NotLetInError struct{ error }

func (n NotLetInError) Unwrap() error { return n.error }

// IsNotLetIn says whether err is a failed login: an error that NotLetIn marks, or a secret that cannot be read. A status
// 401 or 403 alone is no failed login: a store answers so, and a registry that has let the exporter in before.
func IsNotLetIn(err error) bool {
	var n NotLetInError
	return errors.As(err, &n) || source.IsUnasked(err)
}

// NotLetIn marks err as a failed login. Its reason stays.
func NotLetIn(err error) error { return NotLetInError{err} }

type tokenRefusedError struct{ error }

func (t tokenRefusedError) Unwrap() error { return t.error }

// TokenRefused marks err as the refusal of a token that the token server has just given. Registry and token server do not
// agree on the signing key, the issuer or the service, and nobody can log in. The reason stays.
func TokenRefused(err error) error { return tokenRefusedError{err} }

// IsTokenRefused says whether TokenRefused has marked err.
func IsTokenRefused(err error) bool {
	var t tokenRefusedError
	return errors.As(err, &t)
}

type oddLoginError struct{ error }

func (o oddLoginError) Unwrap() error { return o.error }

// IsOddLogin says whether err is about a challenge, or an answer of a token server, that came and that clients cannot
// read.
func IsOddLogin(err error) bool {
	var o oddLoginError
	return errors.As(err, &o)
}

type tokenEndedError struct{ error }

func (t tokenEndedError) Unwrap() error { return t.error }

// TokenEnded marks err as the refusal of a token that the registry took before, and that is good for longer by its
// expires_in. Clients do not ask for another one then. The reason stays.
func TokenEnded(err error) error { return tokenEndedError{err} }

// IsTokenEnded says whether TokenEnded has marked err.
func IsTokenEnded(err error) bool {
	var t tokenEndedError
	return errors.As(err, &t)
}

// Token asks the realm of a bearer challenge for a token, with the user and password of the account if it has them. The
// reason of an error is bad_answer for an answer without a token, or a realm that is no URL, and realm_refused or
// realm_changed for a realm that may not have the password; for a backend, a realm that the front does not name is such a one.
func (a *Account) Token(ctx context.Context, ch Challenge) (Token, error) {
	if a.Basic {
		if err := a.knowFront(ctx, ch); err != nil {
			return Token{}, err
		}
	}
	username, err := a.username.Fetch(ctx)
	if err != nil {
		return Token{}, err
	}
	password, err := a.password.Fetch(ctx)
	if err != nil {
		return Token{}, err
	}
	return a.fetchToken(ctx, ch, username, password)
}

// WithBearer returns an HTTP client that sends the token with each request.
func (a *Account) WithBearer(token Token) *http.Client {
	return a.HTTPClient(bearer{a.Transport, token.Text})
}

// bearer adds a token to each request.
type bearer struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements http.RoundTripper.
func (t bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+t.token)
	return t.next.RoundTrip(req)
}
