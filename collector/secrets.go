package collector

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// secrets are those of one registry. They are read when used, so that a changed file counts at once.
type secrets []promconfig.SecretReader

// minSecret is the length below which a text is no secret worth hiding: it would hide half the log.
const minSecret = 6

// hide adds secrets that stand in the configuration itself.
func (b *builder) hide(all ...promconfig.Secret) {
	for _, s := range all {
		b.addSecret(promconfig.NewInlineSecret(string(s)))
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

// mask reads the secrets as they are now.
func (s secrets) mask() mask {
	var m mask
	for _, reader := range s {
		secret, err := reader.Fetch(context.Background())
		if secret = strings.TrimSpace(secret); err == nil && len(secret) >= minSecret {
			m = append(m, forms(secret)...)
		}
	}
	return m
}

// forms are the ways in which a secret is found in headers, URLs, quotes and what servers make of them.
func forms(secret string) []string {
	quoted := strconv.Quote(secret)
	all := []string{secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret)}
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

// sample is s with its labels from outside masked.
func (m mask) sample(s sample) sample {
	for _, i := range s.metric.outside {
		if hidden := m.hide(s.labels[i]); hidden != s.labels[i] {
			s.labels = slices.Clone(s.labels)
			s.labels[i] = hidden
		}
	}
	return s
}

// secretReader reads a secret given in the configuration itself or as a file; nil when there is neither.
func secretReader(inline promconfig.Secret, file string) promconfig.SecretReader {
	switch {
	case file != "":
		return promconfig.NewFileSecret(file)
	case inline != "":
		return promconfig.NewInlineSecret(string(inline))
	}
	return nil
}
