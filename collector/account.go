package collector

import (
	"context"
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
