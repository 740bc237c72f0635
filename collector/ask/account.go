package ask

import (
	"context"
	"errors"
	"net/http"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/source"
	"registry_exporter/config"
)

// An Account is a client of a registry with what it logs in with, if anything.
type Account struct {
	*Client
	Basic    bool // the credentials are a user and a password
	username *Secret
	password *Secret
	HasLogin bool // there are credentials
}

// NewAccount builds the account of cfg at u, the front of the registry or a backend. path is where cfg stands.
func NewAccount(b *Builder, cfg *promconfig.HTTPClientConfig, u config.URL, path ...any) (*Account, error) {
	c, err := newClient(b, cfg, u, b.URL, path...)
	if err != nil {
		return nil, err
	}
	a := &Account{Client: c, HasLogin: c.Login != c.Plain}
	if auth := cfg.BasicAuth; auth != nil {
		a.Basic = true
		a.username = newSecret(promconfig.Secret(auth.Username), auth.UsernameFile)
		a.password = b.reader(auth.Password, auth.PasswordFile)
	}
	return a, nil
}

// A NotLetInError is of logging in, whoever it is that does not let us.
type NotLetInError struct{ error }

func (n NotLetInError) Unwrap() error { return n.error }

// IsNotLetIn tells trouble with credentials from trouble with what was asked for.
func IsNotLetIn(err error) bool {
	var n NotLetInError
	return errors.As(err, &n) || source.IsUnasked(err) || source.Reason(err) == source.ReasonUnauthorized
}

// NotLetIn makes err one of logging in.
func NotLetIn(err error) error { return NotLetInError{err} }

// Token asks for a token as the challenge says, with the user and password of the account if it has them.
func (a *Account) Token(ctx context.Context, ch Challenge) (string, error) {
	username, err := a.username.Fetch(ctx)
	if err != nil {
		return "", err
	}
	password, err := a.password.Fetch(ctx)
	if err != nil {
		return "", err
	}
	return a.fetchToken(ctx, ch, username, password)
}

// WithBearer is a client that sends a token with each request.
func (a *Account) WithBearer(token string) *http.Client {
	return a.HTTPClient(bearer{a.Transport, token})
}

// bearer sends a token with each request.
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
