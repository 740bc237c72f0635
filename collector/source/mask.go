package source

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minSecret is the length of the shortest secret that is masked, in bytes: to mask "on" would spoil every text.
const minSecret = 6

// A Mask is the texts that stand for secrets. It takes them out of labels and texts: some servers repeat in an answer
// the header that they got.
type Mask []string

// NewMask masks a secret as it is, quoted, escaped for URLs and in base64. A secret below 6 bytes is not masked.
func NewMask(secret string) Mask {
	if secret = strings.TrimSpace(secret); len(secret) < minSecret {
		return nil
	}
	return slices.Compact(forms(secret))
}

// forms are the secret as it stands in headers, URLs, quoted texts and answers.
func forms(secret string) []string {
	quoted := strconv.Quote(secret)
	valid := strings.ToValidUTF8(secret, "\uFFFD") // as encoding/json decodes it
	all := []string{secret, valid, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret)}
	for before := range 3 { // bytes in front of it, such as "user:", shift its base64
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + secret))
		encoded = encoded[(before*8+5)/6:]
		if (before+len(secret))%3 != 0 {
			encoded = encoded[:len(encoded)-1] // depends on the byte after it
		}
		all = append(all, encoded)
	}
	return all
}

// Hide replaces each secret with <secret>.
func (m Mask) Hide(text string) string {
	for _, secret := range m {
		text = strings.ReplaceAll(text, secret, "<secret>")
	}
	return text
}

// samples masks secrets in the labels from outside, and then cuts the labels: a label that is cut first may end in the
// beginning of a secret.
func (m Mask) samples(all []Sample) []Sample {
	for i, s := range all {
		for _, j := range s.Metric.outside {
			if shown := CleanLabel(m.Hide(s.Labels[j])); shown != s.Labels[j] {
				s.Labels = slices.Clone(s.Labels)
				s.Labels[j] = shown
			}
		}
		all[i] = s
	}
	return all
}
