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
	HasLogin bool // the configuration has credentials of any kind
	Basic    bool // they are a user and a password
	username *Secret
	password *Secret
	realms   *realmRule
}

// NewAccount builds the account of cfg at u, which is the front of the registry or a backend. Its certificate may stand on the
// CAs of the system as well as on those of the CA file, as with docker, containerd and podman. path is that of cfg in the
// configuration, for errors.
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
		a.username = newSecret(promconfig.Secret(auth.Username), auth.UsernameFile)
		a.password = b.reader(auth.Password, auth.PasswordFile)
	}
	return a, nil
}

// A NotLetInError is a failed login: at the registry, or at its token endpoint.
type NotLetInError struct{ error }

func (n NotLetInError) Unwrap() error { return n.error }

// IsNotLetIn says whether err is a failed login: one that NotLetIn marks, or a secret that cannot be read. A status 401 or
// 403 by itself is none: a store sends it too, and so does a registry that has let us in before.
func IsNotLetIn(err error) bool {
	var n NotLetInError
	return errors.As(err, &n) || source.IsUnasked(err)
}

// NotLetIn marks err as a failed login. Its reason stays.
func NotLetIn(err error) error { return NotLetInError{err} }

type tokenRefusedError struct{ error }

func (t tokenRefusedError) Unwrap() error { return t.error }

// TokenRefused marks err as the refusal of a token that the token server has just given: the two do not agree on its signing
// key, issuer or service, and nobody is let in. Its reason stays.
func TokenRefused(err error) error { return tokenRefusedError{err} }

// IsTokenRefused says whether err is one that TokenRefused marks.
func IsTokenRefused(err error) bool {
	var t tokenRefusedError
	return errors.As(err, &t)
}

type oddLoginError struct{ error }

func (o oddLoginError) Unwrap() error { return o.error }

// IsOddLogin says whether err is a challenge, or an answer of a token server, that came and that clients do not read.
func IsOddLogin(err error) bool {
	var o oddLoginError
	return errors.As(err, &o)
}

type tokenEndedError struct{ error }

func (t tokenEndedError) Unwrap() error { return t.error }

// TokenEnded marks err as the refusal of a token that was good before, and by its expires_in still is: clients do not ask for
// another. Its reason stays.
func TokenEnded(err error) error { return tokenEndedError{err} }

// IsTokenEnded says whether err is one that TokenEnded marks.
func IsTokenEnded(err error) bool {
	var t tokenEndedError
	return errors.As(err, &t)
}

// Token asks the realm of a bearer challenge for a token, with the user and password of the account if it has them. An
// answer without a token, and a realm that is no URL, are ReasonBadAnswer. A realm that may not have the password is
// ReasonRealmRefused or ReasonRealmChanged; for a backend, one that the front does not name is, too.
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

// WithBearer is an HTTP client that sends the token with each request.
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
