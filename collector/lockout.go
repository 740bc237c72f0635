package collector

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"
)

// lockoutTime is how long a refused secret is not sent again: a monitor must not lock an account.
const lockoutTime = 60 * time.Second

// A lockout remembers which secrets an endpoint refused, as hashes.
type lockout struct {
	mu      sync.Mutex
	refused map[[sha256.Size]byte]time.Time
}

func lockoutKey(endpoint, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(endpoint + "\x00" + secret))
}

// check returns an error while the endpoint's refusal of this secret is fresh.
func (l *lockout) check(endpoint, secret string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, found := l.refused[lockoutKey(endpoint, secret)]
	if found && time.Since(at) < lockoutTime {
		return failed(reasonUnauthorized, "these credentials were refused %s ago: not sent again for %s",
			time.Since(at).Round(time.Second), lockoutTime)
	}
	return nil
}

// refuse notes that the endpoint did not accept the secret.
func (l *lockout) refuse(endpoint, secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused == nil {
		l.refused = map[[sha256.Size]byte]time.Time{}
	}
	for key, at := range l.refused {
		if time.Since(at) >= lockoutTime {
			delete(l.refused, key)
		}
	}
	l.refused[lockoutKey(endpoint, secret)] = time.Now()
}

// lockoutTransport keeps a refused secret off the wire. secretOf finds the secret of a request, if it carries one.
type lockoutTransport struct {
	next     http.RoundTripper
	lockout  *lockout
	secretOf func(*http.Request) string
}

// RoundTrip implements http.RoundTripper.
func (t *lockoutTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	secret := t.secretOf(req)
	if secret == "" {
		return t.next.RoundTrip(req)
	}
	if err := t.lockout.check(req.URL.Host, secret); err != nil {
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		t.lockout.refuse(req.URL.Host, secret)
	}
	return resp, err
}

// headersOf is the secret of a request that carries credentials: any of its headers may be one.
func headersOf(req *http.Request) string {
	var b strings.Builder
	_ = req.Header.Write(&b)
	return b.String()
}
