package ask

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"registry_exporter/collector/source"
)

// A Token lets requests in until its end.
type Token struct {
	Text string
	End  time.Time // by expires_in; without expires_in 60 s after the answer, as the specification says
}

// lifeOfToken is how long a token is good when the answer has no expires_in.
const lifeOfToken = 60 * time.Second

// fetchToken asks the realm of a bearer challenge for a token, with the user and password unless they are empty. A realm
// may give a token without any rights. Some libraries refuse a realm with a private address; fetchToken does not, since
// most sites have such addresses.
func (a *Account) fetchToken(ctx context.Context, ch Challenge, username, password string) (Token, error) {
	realm, err := url.Parse(ch.Params["realm"])
	if ch.Broken == "realm" {
		return Token{}, oddLoginError{source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge has no quotes: docker, containerd and podman read it to its first colon")}
	}
	if err != nil || realm.Host == "" || realm.User != nil || realm.Scheme != "http" && realm.Scheme != "https" {
		return Token{}, source.Failed(source.ReasonBadAnswer, "the bearer challenge names no realm")
	}
	if (a.URL.Scheme == "https" || a.realms.front.Scheme == "https") && realm.Scheme == "http" && username+password != "" {
		return Token{}, source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge is http, behind a front with https: no password is sent there")
	}
	if username+password != "" {
		if err := a.realms.allow(realm); err != nil {
			return Token{}, err
		}
	}
	q := realm.Query()
	for i, own := range q["scope"] {
		q["scope"][i] = NarrowScope(own, "")
	}
	for _, name := range []string{"service", "scope"} {
		if value := ch.Params[name]; value != "" {
			q.Set(name, value)
		}
	}
	realm.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if err != nil {
		return Token{}, source.Failed(source.ReasonBadAnswer, "the realm of the bearer challenge is no URL")
	}
	if username != "" { // without a user the realm may give a token for public images
		req.SetBasicAuth(username, password)
	}
	answer, err := do(a.HTTPClient(a.withLockout(a.transportForRealm(realm))), req, MaxSmallBody)
	if err != nil {
		return Token{}, fmt.Errorf("asking for a token: %w", err)
	}
	if answer.Status != http.StatusOK {
		return Token{}, fmt.Errorf("asking for a token: %w", answer.Refusal())
	}
	token, err := parseToken(answer.Body)
	if err == nil && username+password != "" {
		a.realms.gave(realm)
	}
	return token, err
}

// transportForRealm returns the transport for a realm. Only hosts of the registry get the client certificate.
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

// parseToken reads {"token":"…"} or {"access_token":"…"}, with .expires_in in seconds. Clients refuse the answer when a field
// that they read is of another type; so does parseToken. Other fields, and text after the object, are ignored.
func parseToken(body []byte) (Token, error) {
	var answer struct {
		Token       string    `json:"token"`
		AccessToken string    `json:"access_token"`
		ExpiresIn   int       `json:"expires_in"`
		IssuedAt    time.Time `json:"issued_at"`
	}
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&answer)
	var ofType *json.UnmarshalTypeError
	var date *time.ParseError
	switch {
	case errors.As(err, &date):
		return Token{}, oddLoginError{source.Failed(source.ReasonBadAnswer, "docker and podman refuse the token: its issued_at is no date of RFC 3339")}
	case errors.As(err, &ofType) && ofType.Field != "":
		return Token{}, oddLoginError{source.Failed(source.ReasonBadAnswer, "clients refuse the token: its %s is no %s", ofType.Field, kindOf(ofType))}
	}
	found := cmp.Or(answer.Token, answer.AccessToken)
	if err != nil || found == "" || strings.ContainsAny(found, "\r\n") {
		return Token{}, source.Failed(source.ReasonBadAnswer, "the token endpoint answered without a token")
	}
	life := lifeOfToken
	if answer.ExpiresIn > 0 {
		life = time.Duration(min(answer.ExpiresIn, int(maxLife/time.Second))) * time.Second
	}
	return Token{found, time.Now().Add(life)}, nil
}

// maxLife bounds expires_in.
const maxLife = 365 * 24 * time.Hour

// kindOf names, for people, the type that a field should have.
func kindOf(err *json.UnmarshalTypeError) string {
	if err.Type.Kind() == reflect.Int {
		return "whole number"
	}
	return "text"
}
