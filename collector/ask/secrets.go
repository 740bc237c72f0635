package ask

import (
	"context"
	"reflect"
	"slices"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// Secrets are those of one registry.
type Secrets []*Secret

// Secret is a reader of a secret whose file, if it has one, can be read now; nil when there is none.
func (b *Builder) Secret(inline promconfig.Secret, file string, path ...any) (*Secret, error) {
	s := b.reader(inline, file)
	if _, err := s.Fetch(context.Background()); err != nil {
		return nil, b.Errorf(path, "%s", err)
	}
	return s, nil
}

// reader is the only reader of a secret, however many need it, so that no value of it goes unseen.
func (b *Builder) reader(inline promconfig.Secret, file string) *Secret {
	s := newSecret(inline, file)
	if s == nil {
		return nil
	}
	for _, known := range *b.Secrets {
		if reflect.DeepEqual(known.SecretReader, s.SecretReader) {
			return known
		}
	}
	*b.Secrets = append(*b.Secrets, s)
	return s
}

// Hide adds secrets that stand in the configuration itself.
func (b *Builder) Hide(all ...promconfig.Secret) {
	for _, s := range all {
		b.reader(s, "")
	}
}

// HideTransport adds the secrets of a connection: the key of a certificate, and what a proxy wants.
func (b *Builder) HideTransport(t promconfig.TLSConfig, p promconfig.ProxyConfig) {
	b.Hide(t.Key)
	if p.ProxyURL.URL != nil {
		password, _ := p.ProxyURL.User.Password()
		b.Hide(promconfig.Secret(password))
	}
	for _, values := range p.ProxyConnectHeader {
		b.Hide(values...)
	}
}

// Mask hides what the secrets are and were, the longest first: one may be the beginning of another.
func (s Secrets) Mask() source.Mask {
	var m source.Mask
	for _, secret := range s {
		m = append(m, secret.mask()...)
	}
	slices.SortFunc(m, func(a, b string) int { return len(b) - len(a) })
	return m
}
