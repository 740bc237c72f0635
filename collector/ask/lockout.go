package ask

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"registry_exporter/collector/source"
)

const (
	// lockoutTime is how long a refused secret is not sent again: a monitor must not lock an account.
	lockoutTime = 60 * time.Second
	// trialTime is how long a secret that nobody sends any longer is remembered.
	trialTime = time.Hour
)

// A Verdict is what the answer to a request says of the secret it carried.
type Verdict int

const (
	undecided Verdict = iota
	accepted
	refused
)

// A Lockout knows what endpoints said of secrets, by their hashes. As long as one was not accepted, only one request
// at a time carries it: of many at once, all would be refused.
type Lockout struct {
	mu     sync.Mutex
	trials map[[sha256.Size]byte]*trial
}

// A trial is what one endpoint said of one secret.
type trial struct {
	used time.Time
	last Verdict
	at   time.Time     // of the last verdict
	turn chan struct{} // is full while somebody waits for a verdict
}

// Send calls ask, which sends the secret to the endpoint, unless that refused it a short while ago. Before, it waits
// for its turn.
func (l *Lockout) Send(ctx context.Context, endpoint, secret string, ask func() Verdict) error {
	t := l.trial(endpoint, secret)
	endTurn, err := l.await(ctx, t)
	if err != nil {
		return err
	}
	defer endTurn()
	if err := l.refusal(t); err != nil {
		return err
	}
	l.note(t, ask())
	return nil
}

// await waits for the turn to send a secret; one that was accepted, if only while we waited, needs none.
func (l *Lockout) await(ctx context.Context, t *trial) (endTurn func(), err error) {
	if l.isAccepted(t) {
		return func() {}, nil
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, source.Unasked(fmt.Errorf("waiting until another request has shown if these credentials are good: %w", ctx.Err()))
	}
	endTurn = func() { <-t.turn }
	if l.isAccepted(t) {
		endTurn()
		return func() {}, nil
	}
	return endTurn, nil
}

// trial is the one of this secret; those that were not used for long are forgotten.
func (l *Lockout) trial(endpoint, secret string) *trial {
	key := sha256.Sum256([]byte(endpoint + "\x00" + secret))
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.trials[key]
	if t == nil {
		maps.DeleteFunc(l.trials, func(_ [sha256.Size]byte, t *trial) bool { return time.Since(t.used) > trialTime })
		if l.trials == nil {
			l.trials = map[[sha256.Size]byte]*trial{}
		}
		t = &trial{turn: make(chan struct{}, 1)}
		l.trials[key] = t
	}
	t.used = time.Now()
	return t
}

func (l *Lockout) isAccepted(t *trial) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.last == accepted
}

// refusal is an error while that of the endpoint is fresh.
func (l *Lockout) refusal(t *trial) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := time.Since(t.at); t.last == refused && age < lockoutTime {
		return source.Failed(source.ReasonUnauthorized, "these credentials were refused %s ago: not sent again for %s", age.Round(time.Second), lockoutTime)
	}
	return nil
}

func (l *Lockout) note(t *trial, v Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v != undecided {
		t.last, t.at = v, time.Now()
	}
}

// lockoutTransport keeps a refused secret off the wire. secretOf finds the secret of a request, if it carries one.
type lockoutTransport struct {
	next     http.RoundTripper
	lockout  *Lockout
	secretOf func(*http.Request) string
}

func NewLockoutTransport(next http.RoundTripper, l *Lockout, secretOf func(*http.Request) string) http.RoundTripper {
	return &lockoutTransport{next, l, secretOf}
}

// RoundTrip implements http.RoundTripper.
func (t *lockoutTransport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	secret := t.secretOf(req)
	if secret == "" {
		return t.next.RoundTrip(req)
	}
	unsent := t.lockout.Send(req.Context(), req.URL.Host, secret, func() Verdict {
		resp, err = t.next.RoundTrip(req)
		return verdictOf(resp, err)
	})
	if unsent != nil {
		return nil, unsent
	}
	return resp, err
}

// verdictOf takes a success only for a yes: many errors come before anybody looks at the secret.
func verdictOf(resp *http.Response, err error) Verdict {
	switch {
	case err != nil:
		return undecided
	case resp.StatusCode == http.StatusUnauthorized:
		return refused
	case resp.StatusCode < http.StatusMultipleChoices:
		return accepted
	}
	return undecided
}

// VerdictBy is that of an error whose reason is known.
func VerdictBy(err error) Verdict {
	switch source.Reason(err) {
	case "":
		return accepted
	case source.ReasonUnauthorized:
		return refused
	}
	return undecided
}

// headersOf is the secret of a request that carries credentials: any of its headers may be one.
func headersOf(req *http.Request) string {
	var b strings.Builder
	_ = req.Header.Write(&b)
	return b.String()
}
