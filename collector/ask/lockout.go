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
	// lockoutTime is how long a refused secret is not sent again. LDAP directories lock an account after
	// a few refusals in a short time.
	lockoutTime = 60 * time.Second
	// trialTime is how long the trial of a secret is kept after the last request.
	trialTime = time.Hour
)

// A Verdict says whether an address took the secret of a request.
type Verdict int

const (
	undecided Verdict = iota // such as status 503
	accepted                 // status below 300
	refused                  // status 401
)

// A Lockout keeps the last verdict of each address on each secret, and does not send a secret for 60 s after it was
// refused. Until a secret is accepted, one request at a time carries it: 20 scrapes at once with a wrong password are one
// refusal, not 20. The zero value is ready. It is for many goroutines.
type Lockout struct {
	mu     sync.Mutex
	trials map[[sha256.Size]byte]*trial // by hash of address and secret
}

// A trial is the history of one secret at one address.
type trial struct {
	used    time.Time     // last request
	verdict Verdict       // the last one that is not undecided
	at      time.Time     // of the verdict
	asking  chan struct{} // holds one item while a request waits for its verdict
}

// Send calls ask, which sends the secret to the address and returns the verdict. It does not when the address refused
// the secret within the last 60 s: that is ReasonUnauthorized, and marked by NotLetIn. Until the secret is accepted, Send waits for the requests
// before it; when ctx ends first, the error is source.Unasked.
func (l *Lockout) Send(ctx context.Context, address, secret string, ask func() Verdict) error {
	t := l.trial(address, secret)
	release, err := l.acquire(ctx, t)
	if err != nil {
		return err
	}
	defer release()
	if err := l.refusal(t); err != nil {
		return err
	}
	l.note(t, ask())
	return nil
}

// acquire waits until no other request waits for a verdict. It does not wait, or no longer, when the secret is accepted.
func (l *Lockout) acquire(ctx context.Context, t *trial) (release func(), err error) {
	if l.isAccepted(t) {
		return func() {}, nil
	}
	select {
	case t.asking <- struct{}{}:
	case <-ctx.Done():
		return nil, source.Unasked(fmt.Errorf("waiting until another request has shown if these credentials are good: %w", ctx.Err()))
	}
	release = func() { <-t.asking }
	if l.isAccepted(t) {
		release()
		return func() {}, nil
	}
	return release, nil
}

// trial is that of the secret at the address. It drops the trials that were not used for an hour.
func (l *Lockout) trial(address, secret string) *trial {
	key := sha256.Sum256([]byte(address + "\x00" + secret))
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.trials[key]
	if t == nil {
		maps.DeleteFunc(l.trials, func(_ [sha256.Size]byte, t *trial) bool { return time.Since(t.used) > trialTime })
		if l.trials == nil {
			l.trials = map[[sha256.Size]byte]*trial{}
		}
		t = &trial{asking: make(chan struct{}, 1)}
		l.trials[key] = t
	}
	t.used = time.Now()
	return t
}

func (l *Lockout) isAccepted(t *trial) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.verdict == accepted
}

// refusal is an error within 60 s after a refusal.
func (l *Lockout) refusal(t *trial) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := time.Since(t.at); t.verdict == refused && age < lockoutTime {
		return NotLetIn(source.Failed(source.ReasonUnauthorized, "these credentials were refused %s ago: not sent again for %s", age.Round(time.Second), lockoutTime))
	}
	return nil
}

func (l *Lockout) note(t *trial, v Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v != undecided {
		t.verdict, t.at = v, time.Now()
	}
}

// lockoutTransport sends a request unless its secret was refused. secretOf is the secret of a request; empty: it has none.
type lockoutTransport struct {
	next     http.RoundTripper
	lockout  *Lockout
	secretOf func(*http.Request) string
}

// NewLockoutTransport sends with next. The secret of a request is the text that secretOf returns, such as a header.
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

// verdictOf takes only a success for accepted: a server sends many errors before it looks at the secret.
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

// VerdictBy is the verdict of an error by its reason; nil is accepted.
func VerdictBy(err error) Verdict {
	switch source.Reason(err) {
	case "":
		return accepted
	case source.ReasonUnauthorized:
		return refused
	}
	return undecided
}

// headersOf is all headers of a request: with http_headers any of them may be a secret.
func headersOf(req *http.Request) string {
	var b strings.Builder
	_ = req.Header.Write(&b)
	return b.String()
}
