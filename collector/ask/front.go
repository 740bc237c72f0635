package ask

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"registry_exporter/collector/source"
)

// basicScheme and openScheme are how a front lets in: with the password itself, or without a login.
const (
	basicScheme = "basic"
	openScheme  = "none"
)

// A frontLogin is how the front of a registry lets in. A backend gets a password only as the front does: to who has taken over
// one of several backends, a token is worth less than the password.
type frontLogin struct {
	scheme string // of its last challenge; "none": it asked for no login yet; empty: it has not been asked
	realm  string // host:port of the token server in that challenge; empty: it named none
}

// noteFront notes a challenge of the front; one without a scheme is an answer that asks for no login. A path that is open to all
// says nothing of the others.
func (r *realmRule) noteFront(ch Challenge) {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	switch {
	case ch.Scheme != "":
		r.seen.front = frontLogin{scheme: ch.Scheme, realm: realmHost(ch)}
	case r.seen.front.scheme == "":
		r.seen.front.scheme = openScheme
	}
}

// realmHost is the host:port of the realm of a bearer challenge; empty without one.
func realmHost(ch Challenge) string {
	realm, err := url.Parse(ch.Params["realm"])
	if ch.Scheme != "bearer" || err != nil || realm.Host == "" {
		return ""
	}
	return HostPort(realm)
}

func (r *realmRule) frontLogin() frontLogin {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	return r.seen.front
}

// knowFront notes the challenge when a is the account of the front. For a backend it asks the front how it lets in, in half of the
// time that ctx has left. It does so at each login until the front has said it, and not again. The reason of an error is realm_refused,
// and it is source.Unasked, or exporter_overloaded.
func (a *Account) knowFront(ctx context.Context, ch Challenge) error {
	if a.realms.isFront() {
		a.realms.noteFront(ch)
		return nil
	}
	if a.realms.frontLogin().scheme != "" {
		return nil
	}
	if end, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
	}
	answer, err := a.askFront(ctx)
	if source.Reason(err) == source.ReasonExporterOverloaded { // nobody knows how the front is
		return err
	}
	if err != nil {
		return source.Unasked(source.Failed(source.ReasonRealmRefused, "a backend gets the password only as the front %s does, and that has not said how it lets in (%s): no password was sent",
			a.realms.front.Address(), source.Reason(err)))
	}
	a.realms.noteFront(answer)
	return nil
}

// askFront is the challenge of the front to /v2/ without credentials.
func (a *Account) askFront(ctx context.Context) (Challenge, error) {
	u := *a.realms.front.URL
	u.Path = "/v2/"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Challenge{}, err
	}
	answer, err := do(a.Plain, req, MaxSmallBody)
	if err := answer.OrRefusal(err, http.StatusOK, http.StatusUnauthorized); err != nil {
		return Challenge{}, err
	}
	ch := ChallengeOf(answer.Header)
	if answer.Status == http.StatusUnauthorized && ch.Scheme == "" {
		return ch, answer.Refusal()
	}
	return ch, nil
}

// LoginFor is the client that sends the configured credentials to the address, which has answered with the challenge. A backend gets
// a password only where the front asks for the password, too. The reasons of an error are those of Token.
func (a *Account) LoginFor(ctx context.Context, ch Challenge) (*http.Client, error) {
	if !a.Basic {
		return a.Login, nil
	}
	if err := a.knowFront(ctx, ch); err != nil {
		return nil, err
	}
	if front := a.realms.frontLogin(); !a.realms.isFront() && front.scheme != basicScheme {
		return nil, a.realms.refusal("the backend asks for the password itself, which the front does not: no password was sent. If it is right, make the backend a registry of its own")
	}
	return a.Login, nil
}
