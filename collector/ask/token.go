package ask

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"registry_exporter/collector/source"
)

// A Challenge is what a registry asks for in WWW-Authenticate.
type Challenge struct {
	Scheme string // basic, bearer or whatever it says, in lower case
	Params map[string]string
}

// ChallengeOf is the strongest challenge of an answer: bearer, then basic, then any. Its scheme is empty when there is none.
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

// IsKnown says whether clients can meet the challenge.
func (c Challenge) IsKnown() bool { return rank(c.Scheme) > 0 }

func rank(scheme string) int {
	return map[string]int{"bearer": 2, "basic": 1}[scheme]
}

// parseChallenges reads a header such as: Bearer realm="https://…",service="x", Basic realm="y".
func parseChallenges(text string) []Challenge {
	var all []Challenge
	for text = skipSeparators(text); text != ""; text = skipSeparators(text) {
		word := token(text)
		if word == "" {
			break
		}
		text = strings.TrimLeft(text[len(word):], " \t")
		if !strings.HasPrefix(text, "=") {
			all = append(all, Challenge{strings.ToLower(word), map[string]string{}})
			continue
		}
		var value string
		value, text = paramValue(strings.TrimLeft(text[1:], " \t"))
		if len(all) > 0 {
			all[len(all)-1].Params[strings.ToLower(word)] = value
		}
	}
	return all
}

func skipSeparators(text string) string { return strings.TrimLeft(text, ", \t") }

func token(text string) string {
	end := strings.IndexAny(text, " \t,=\"")
	if end < 0 {
		return text
	}
	return text[:end]
}

func paramValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value = token(text)
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

// fetchToken asks the realm of a bearer challenge for a token. A token proves nothing yet: realms hand out
// tokens without rights too. Libraries refuse realms with private addresses; here those are the rule.
func (c *Client) fetchToken(ctx context.Context, ch Challenge, username, password string) (string, error) {
	realm, err := url.Parse(ch.Params["realm"])
	if err != nil || realm.Host == "" || realm.User != nil || realm.Scheme != "http" && realm.Scheme != "https" {
		return "", source.Failed(source.ReasonBadAnswer, "the bearer challenge names no realm")
	}
	if c.URL.Scheme == "https" && realm.Scheme == "http" {
		return "", source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge is not https: no password is sent there")
	}
	q := realm.Query()
	for _, name := range []string{"service", "scope"} {
		if value := ch.Params[name]; value != "" {
			q.Set(name, value)
		}
	}
	realm.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if err != nil {
		return "", source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge is no URL")
	}
	if username != "" { // else anybody's token, as public images want it
		req.SetBasicAuth(username, password)
	}
	a, err := do(c.HTTPClient(c.guarded(c.TransportFor(realm.Host))), req, MaxSmallBody)
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	if a.Status != http.StatusOK {
		return "", fmt.Errorf("asking for a token: %w", a.Refusal())
	}
	return parseToken(a.Body)
}

// TransportFor keeps the names that the front goes by away from other hosts.
func (c *Client) TransportFor(host string) *transport {
	if host == c.URL.Host {
		return c.Transport
	}
	t := c.Transport.Clone()
	t.TLSClientConfig.ServerName = ""
	return t
}

// parseToken reads {"token":"…"} or {"access_token":"…"}. As with clients, no other field matters, nor what follows.
func parseToken(body []byte) (string, error) {
	var said struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&said) // fills in what is a text, and nothing of what is not JSON
	found := cmp.Or(said.Token, said.AccessToken)
	if found == "" || strings.ContainsAny(found, "\r\n") {
		return "", source.Failed(source.ReasonBadAnswer, "the token endpoint answered without a token")
	}
	return found, nil
}
