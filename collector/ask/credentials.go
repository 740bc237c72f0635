package ask

import (
	"net/http"

	promconfig "github.com/prometheus/common/config"
)

// credentials wraps next so that each request carries the credentials of cfg. Without credentials in cfg it returns nil.
// path is that of cfg in the configuration, for errors.
func (b *Builder) credentials(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	rt := next
	for _, wrap := range []func(*promconfig.HTTPClientConfig, http.RoundTripper, []any) (http.RoundTripper, error){
		b.authorization, b.basicAuth, b.oauth2, b.headers,
	} {
		var err error
		if rt, err = wrap(cfg, rt, path); err != nil {
			return nil, err
		}
	}
	if rt == next {
		return nil, nil
	}
	return rt, nil
}

// below returns the path of a key below another path.
func below(path []any, key ...any) []any { return append(path[:len(path):len(path)], key...) }

func (b *Builder) authorization(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	a := cfg.Authorization
	if a == nil {
		return next, nil
	}
	s, err := b.Secret(a.Credentials, a.CredentialsFile, below(path, "authorization", "credentials_file")...)
	if err != nil {
		return nil, err
	}
	return promconfig.NewAuthorizationCredentialsRoundTripper(a.Type, s, next), nil
}

func (b *Builder) basicAuth(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	a := cfg.BasicAuth
	if a == nil {
		return next, nil
	}
	user := b.newSecret(promconfig.Secret(a.Username), a.UsernameFile)
	if err := b.isThere(user, below(path, "basic_auth", "username_file")); err != nil {
		return nil, err
	}
	s, err := b.Secret(a.Password, a.PasswordFile, below(path, "basic_auth", "password_file")...)
	if err != nil {
		return nil, err
	}
	return promconfig.NewBasicAuthRoundTripper(user, s, next), nil
}

func (b *Builder) headers(cfg *promconfig.HTTPClientConfig, next http.RoundTripper, path []any) (http.RoundTripper, error) {
	if cfg.HTTPHeaders == nil {
		return next, nil
	}
	t := &headerTransport{next: next}
	for name, header := range cfg.HTTPHeaders.Headers {
		for _, value := range header.Values {
			t.add(name, b.newSecret(promconfig.Secret(value), ""))
		}
		for _, value := range header.Secrets {
			t.add(name, b.reader(value, ""))
		}
		for _, file := range header.Files {
			value, err := b.Secret("", file, below(path, "http_headers", name, "files")...)
			if err != nil {
				return nil, err
			}
			t.add(name, value)
		}
	}
	return t, nil
}

// A headerTransport adds the headers of http_headers to requests. The one of prometheus/common reads the files of headers
// by itself, so that their values could not be masked.
type headerTransport struct {
	next    http.RoundTripper
	headers []configuredHeader
}

type configuredHeader struct {
	name  string
	value *Secret
}

func (t *headerTransport) add(name string, value *Secret) {
	t.headers = append(t.headers, configuredHeader{name, value})
}

// RoundTrip implements http.RoundTripper.
func (t *headerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for _, h := range t.headers {
		value, err := h.value.Fetch(req.Context())
		if err != nil {
			return nil, err
		}
		req.Header.Add(h.name, value)
	}
	return t.next.RoundTrip(req)
}
