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

// fetchToken asks the realm of a bearer challenge for a token, with the user and password unless they are empty. A realm
// may give out a token without any rights. Unlike libraries it asks realms with private addresses, too: most sites have
// them.
func (a *Account) fetchToken(ctx context.Context, ch Challenge, username, password string) (string, error) {
	realm, err := url.Parse(ch.Params["realm"])
	if err != nil || realm.Host == "" || realm.User != nil || realm.Scheme != "http" && realm.Scheme != "https" {
		return "", source.Failed(source.ReasonBadAnswer, "the bearer challenge names no realm")
	}
	if a.URL.Scheme == "https" && realm.Scheme == "http" && username+password != "" {
		return "", source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge is http, behind a front with https: no password is sent there")
	}
	if username+password != "" {
		if err := a.realms.allow(realm); err != nil {
			return "", err
		}
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
	if username != "" { // else a token for everybody, as public images need
		req.SetBasicAuth(username, password)
	}
	answer, err := do(a.HTTPClient(a.guarded(a.transportForRealm(realm))), req, MaxSmallBody)
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	if answer.Status != http.StatusOK {
		return "", fmt.Errorf("asking for a token: %w", answer.Refusal())
	}
	token, err := parseToken(answer.Body)
	if err == nil && username+password != "" {
		a.realms.gave(realm)
	}
	return token, err
}

// transportForRealm shows the client certificate to the hosts of the registry alone.
func (a *Account) transportForRealm(realm *url.URL) *transport {
	t := a.TransportFor(realm.Host)
	if sameHost(realm.Hostname(), a.URL.Hostname()) || sameHost(realm.Hostname(), a.realms.front.Hostname()) {
		return t
	}
	t = t.anonymous()
	if !isNamed(a.realms.named, realm) {
		t.refuse = a.guard.refuse
	}
	return t
}

// parseToken reads {"token":"…"} or {"access_token":"…"}. Other fields, and text after the object, are
// ignored.
func parseToken(body []byte) (string, error) {
	var answer struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&answer) // a field of another type stays empty, and so do all when it is no JSON
	found := cmp.Or(answer.Token, answer.AccessToken)
	if found == "" || strings.ContainsAny(found, "\r\n") {
		return "", source.Failed(source.ReasonBadAnswer, "the token endpoint answered without a token")
	}
	return found, nil
}
