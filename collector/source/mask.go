package source

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// minSecret is the length of the shortest secret that is masked wherever it stands, in bytes. A shorter one is masked
	// where it stands alone: to mask each "test" would spoil "latest".
	minSecret = 6
	// minWord is the length of the shortest secret that is masked: to mask "a" would spoil every text.
	minWord = 3
)

// encodedText is what may be base64, of "user:password" for example.
var encodedText = regexp.MustCompile(`[A-Za-z0-9+/]{4,}={0,2}`)

// A Mask is the texts that stand for secrets. It takes them out of labels and texts: some servers repeat in an answer
// the header that they got.
type Mask []string

// NewMask masks a secret as it is, quoted, escaped for URLs and in base64. One below 6 bytes is masked as a word of its own,
// and as the password of "user:password" in base64; one below 3 bytes is not masked.
func NewMask(secret string) Mask {
	switch secret = strings.TrimSpace(secret); {
	case len(secret) < minWord:
		return nil
	case len(secret) < minSecret:
		return Mask{secret}
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
		if len(secret) < minSecret {
			text = hideWord(text, secret)
		} else {
			text = strings.ReplaceAll(text, secret, "<secret>")
		}
	}
	return text
}

// hideWord replaces a short secret where no letter or digit is beside it, and base64 of a user and the secret.
func hideWord(text, secret string) string {
	text = encodedText.ReplaceAllStringFunc(text, func(encoded string) string {
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
		if err == nil && strings.HasSuffix(string(plain), ":"+secret) {
			return "<secret>"
		}
		return encoded
	})
	var shown strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, secret)
		if !found {
			shown.WriteString(rest)
			return shown.String()
		}
		shown.WriteString(before)
		if isWordByte(shown.String(), shown.Len()-1) || isWordByte(after, 0) {
			shown.WriteString(secret)
		} else {
			shown.WriteString("<secret>")
		}
		rest = after
	}
}

// isWordByte says whether text has a letter or digit at i, or a part of one.
func isWordByte(text string, i int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	b := text[i]
	return b >= 0x80 || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
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
