package ask

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

// Secrets are the secrets of one registry, each once.
type Secrets []*Secret

// Secret returns the secret in the configuration itself or in a file; nil when there is neither. A file that cannot be
// read now is an error. path is that of the file in the registry, for errors.
func (b *Builder) Secret(inline promconfig.Secret, file string, path ...any) (*Secret, error) {
	s := b.reader(inline, file)
	if err := b.isThere(s, path); err != nil {
		return nil, err
	}
	return s, nil
}

// maxLoad is how long reading a secret may take while a configuration is loaded. A file system that hangs would hold up
// this reload, and all later ones.
const maxLoad = 5 * time.Second

// isThere returns nil when the secret at path can be read within maxLoad.
func (b *Builder) isThere(s *Secret, path []any) error {
	ctx, cancel := context.WithTimeout(context.Background(), maxLoad)
	defer cancel()
	if _, err := s.Fetch(ctx); err != nil {
		return b.Errorf(path, "%s", err)
	}
	return nil
}

// newSecret is newSecret with the part of the registry.
func (b *Builder) newSecret(inline promconfig.Secret, file string) *Secret {
	s := newSecret(inline, file)
	if s != nil {
		s.part = b.Part()
	}
	return s
}

// reader returns the secret of inline or file. Clients with the same file share one Secret, so that it masks every value
// that one of them has sent.
func (b *Builder) reader(inline promconfig.Secret, file string) *Secret {
	s := b.newSecret(inline, file)
	switch {
	case s == nil:
		return nil
	case file != "": // the Secret of the configuration before: when reading the file hangs, no second reading begins
		s = source.Kept(b.Keep, fmt.Sprintf("secret %q %q %q", b.Name, b.Site, file), func() *Secret { return s })
	}
	for _, known := range *b.Secrets {
		if reflect.DeepEqual(known.SecretReader, s.SecretReader) {
			return known
		}
	}
	*b.Secrets = append(*b.Secrets, s)
	return s
}

// Hide adds secrets that stand in the configuration itself, so that they are masked.
func (b *Builder) Hide(all ...promconfig.Secret) {
	for _, s := range all {
		b.reader(s, "")
	}
}

// HideTransport adds the secrets of a connection: the key of the client certificate, the password of the proxy URL, and
// the headers for the proxy.
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

// Values returns the values of the secrets that were read last.
func (s Secrets) Values() []string {
	var values []string
	for _, secret := range s {
		secret.mu.Lock()
		values = append(values, secret.value)
		secret.mu.Unlock()
	}
	return values
}

// Mask returns the masks of the last two values of each secret. The longest comes first: another one may be the beginning
// of it.
func (s Secrets) Mask() source.Mask {
	var m source.Mask
	for _, secret := range s {
		m = append(m, secret.mask()...)
	}
	slices.SortFunc(m, func(a, b string) int { return len(b) - len(a) })
	return m
}
