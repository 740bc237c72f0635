package collector

import (
	"context"
	"errors"
	"net/http"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/config"
)

// An account is a client of a registry with what it logs in with, if anything.
type account struct {
	*client
	basic    bool // the credentials are a user and a password
	username *secret
	password *secret
	hasLogin bool // there are credentials
}

// newAccount builds the account of cfg at u, the front of the registry or a backend. path is where cfg stands.
func newAccount(b *builder, cfg *promconfig.HTTPClientConfig, u config.URL, path ...any) (*account, error) {
	c, err := newClient(b, cfg, u, b.URL, path...)
	if err != nil {
		return nil, err
	}
	a := &account{client: c, hasLogin: c.login != c.plain}
	if auth := cfg.BasicAuth; auth != nil {
		a.basic = true
		a.username = newSecret(promconfig.Secret(auth.Username), auth.UsernameFile)
		a.password = b.reader(auth.Password, auth.PasswordFile)
	}
	return a, nil
}

// A notLetInError is of logging in, whoever it is that does not let us.
type notLetInError struct{ error }

func (n notLetInError) Unwrap() error { return n.error }

// isNotLetIn tells trouble with credentials from trouble with what was asked for.
func isNotLetIn(err error) bool {
	var n notLetInError
	return errors.As(err, &n) || isUnasked(err) || reason(err) == reasonUnauthorized
}

// notLetIn makes err one of logging in.
func notLetIn(err error) error { return notLetInError{err} }

// token asks for a token as the challenge says, with the user and password of the account if it has them.
func (a *account) token(ctx context.Context, ch challenge) (string, error) {
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

// withBearer is a client that sends a token with each request.
func (a *account) withBearer(token string) *http.Client {
	return a.httpClient(bearer{a.transport, token})
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
