package collector

import (
	"context"
	"encoding/base64"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// secrets are those of one registry. They are read when used, so that a changed file counts at once.
type secrets []promconfig.SecretReader

// minSecret is the length below which a text is no secret worth hiding: it would hide half the log.
const minSecret = 4

// redact takes every secret out of a text, whoever put it there: a server may well echo what it got.
func (s secrets) redact(text string) string {
	for _, reader := range s {
		secret, err := reader.Fetch(context.Background())
		if err != nil || len(secret) < minSecret {
			continue
		}
		text = strings.ReplaceAll(text, secret, "<secret>")
		text = strings.ReplaceAll(text, base64.StdEncoding.EncodeToString([]byte(secret)), "<secret>")
	}
	return text
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
