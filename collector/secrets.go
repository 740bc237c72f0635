package collector

import (
	"context"
	"encoding/base64"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// secrets are those of one registry.
type secrets []*secret

// minSecret is the length below which a text is no secret worth hiding: it would hide half the log.
const minSecret = 6

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

// A mask takes secrets out of a text, whoever put them there: a server may well echo what it got.
type mask []string

func newMask(secret string) mask {
	if secret = strings.TrimSpace(secret); len(secret) < minSecret {
		return nil
	}
	return slices.Compact(forms(secret))
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

// forms are the ways in which a secret is found in headers, URLs, quotes and what servers make of them.
func forms(secret string) []string {
	quoted := strconv.Quote(secret)
	valid := strings.ToValidUTF8(secret, "\uFFFD") // as a key of JSON
	all := []string{secret, valid, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret)}
	for before := range 3 { // what stands before it, such as "user:", moves its base64
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + secret))
		encoded = encoded[(before*8+5)/6:]
		if (before+len(secret))%3 != 0 {
			encoded = encoded[:len(encoded)-1] // depends on what comes after it
		}
		all = append(all, encoded)
	}
	return all
}

func (m mask) hide(text string) string {
	for _, secret := range m {
		text = strings.ReplaceAll(text, secret, "<secret>")
	}
	return text
}

// samples makes the labels from outside fit for a page: first without secrets, then cut. The other way
// round a part of a secret would be left.
func (m mask) samples(all []sample) []sample {
	for i, s := range all {
		for _, j := range s.metric.masked {
			if shown := cleanLabel(m.hide(s.labels[j])); shown != s.labels[j] {
				s.labels = slices.Clone(s.labels)
				s.labels[j] = shown
			}
		}
		all[i] = s
	}
	return all
}
