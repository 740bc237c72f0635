package source

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minSecret is the length below which a text is no secret worth hiding: it would hide half the log.
const minSecret = 6

// A Mask takes secrets out of a text, whoever put them there: a server may well echo what it got.
type Mask []string

func NewMask(secret string) Mask {
	if secret = strings.TrimSpace(secret); len(secret) < minSecret {
		return nil
	}
	return slices.Compact(forms(secret))
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

func (m Mask) Hide(text string) string {
	for _, secret := range m {
		text = strings.ReplaceAll(text, secret, "<secret>")
	}
	return text
}

// samples makes the labels from outside fit for a page: first without secrets, then cut. The other way
// round a part of a secret would be left.
func (m Mask) samples(all []Sample) []Sample {
	for i, s := range all {
		for _, j := range s.Metric.masked {
			if shown := CleanLabel(m.Hide(s.Labels[j])); shown != s.Labels[j] {
				s.Labels = slices.Clone(s.Labels)
				s.Labels[j] = shown
			}
		}
		all[i] = s
	}
	return all
}
