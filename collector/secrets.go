package collector

import (
	"context"
	"reflect"
	"slices"

	promconfig "github.com/prometheus/common/config"
)

// secrets are those of one registry.
type secrets []*secret

// secret is a reader of a secret whose file, if it has one, can be read now; nil when there is none.
func (b *builder) secret(inline promconfig.Secret, file string, path ...any) (*secret, error) {
	s := b.reader(inline, file)
	if _, err := s.Fetch(context.Background()); err != nil {
		return nil, b.errorf(path, "%s", err)
	}
	return s, nil
}

// reader is the only reader of a secret, however many need it, so that no value of it goes unseen.
func (b *builder) reader(inline promconfig.Secret, file string) *secret {
	s := newSecret(inline, file)
	if s == nil {
		return nil
	}
	for _, known := range *b.secrets {
		if reflect.DeepEqual(known.SecretReader, s.SecretReader) {
			return known
		}
	}
	*b.secrets = append(*b.secrets, s)
	return s
}

// hide adds secrets that stand in the configuration itself.
func (b *builder) hide(all ...promconfig.Secret) {
	for _, s := range all {
		b.reader(s, "")
	}
}

// hideTransport adds the secrets of a connection: the key of a certificate, and what a proxy wants.
func (b *builder) hideTransport(t promconfig.TLSConfig, p promconfig.ProxyConfig) {
	b.hide(t.Key)
	if p.ProxyURL.URL != nil {
		password, _ := p.ProxyURL.User.Password()
		b.hide(promconfig.Secret(password))
	}
	for _, values := range p.ProxyConnectHeader {
		b.hide(values...)
	}
}

// mask hides what the secrets are and were, the longest first: one may be the beginning of another.
func (s secrets) mask() mask {
	var m mask
	for _, secret := range s {
		m = append(m, secret.mask()...)
	}
	slices.SortFunc(m, func(a, b string) int { return len(b) - len(a) })
	return m
}
