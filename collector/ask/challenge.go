package ask

import (
	"net/http"
	"strings"
)

// A Challenge is one scheme of WWW-Authenticate, and its parameters:
//
//	Bearer realm="https://auth.example.org/token",service="registry.example.org"
type Challenge struct {
	Scheme string            // in lower case, such as "bearer"
	Params map[string]string // by name, in lower case
	Broken string            // name of a parameter whose value has no quotes and needs them, such as a URL; empty: none
}

// ChallengeOf returns the challenge of an answer that docker would meet: bearer, or else basic, or else the first with
// another scheme. Without a challenge in the answer, its scheme is empty.
func ChallengeOf(h http.Header) Challenge {
	var best Challenge
	for _, text := range h.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(text) {
			if best.Scheme == "" || rank(c.Scheme) > rank(best.Scheme) {
				best = c
			}
		}
	}
	return best
}

// IsKnown says whether the scheme is bearer or basic: docker knows no other.
func (c Challenge) IsKnown() bool { return rank(c.Scheme) > 0 }

// rank orders schemes: docker prefers the one with the higher rank. A scheme that docker does not know has 0.
func rank(scheme string) int {
	return map[string]int{"bearer": 2, "basic": 1}[scheme]
}

// parseChallenges reads a header such as: Bearer realm="https://…",service="x", Basic realm="y". Where the header goes on
// as no such list, it stops and returns the challenges before. Clients do so, too:
//
//	Bearer realm=https://auth.example.org/token   realm is "https": a colon needs quotes
func parseChallenges(text string) []Challenge {
	var all []Challenge
	for text = skipSeparators(text); text != ""; text = skipSeparators(text) {
		word := token(text)
		if word == "" {
			break
		}
		text = strings.TrimLeft(text[len(word):], " \t")
		if !strings.HasPrefix(text, "=") {
			all = append(all, Challenge{Scheme: strings.ToLower(word), Params: map[string]string{}})
			continue
		}
		var value string
		value, text = paramValue(strings.TrimLeft(text[1:], " \t"))
		if len(all) > 0 {
			all[len(all)-1].Params[strings.ToLower(word)] = value
		}
		if text != "" && !strings.ContainsRune(", \t", rune(text[0])) && len(all) > 0 {
			all[len(all)-1].Broken = strings.ToLower(word)
			break
		}
	}
	return all
}

func skipSeparators(text string) string { return strings.TrimLeft(text, ", \t") }

// tokenBytes are the characters of a value without quotes (RFC 9110, 5.6.2).
const tokenBytes = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// token returns the text up to the next separator.
func token(text string) string {
	end := strings.IndexAny(text, " \t,=\"")
	if end < 0 {
		return text
	}
	return text[:end]
}

// paramValue reads a value, with or without quotes, and returns the text behind it.
func paramValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value = text[:len(text)-len(strings.TrimLeft(text, tokenBytes))]
		return value, text[len(value):]
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
