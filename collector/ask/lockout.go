package ask

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/source"
)

// waits says for how long a refused secret is not sent again: after the first refusal, after the second, and so on. LDAP
// directories lock an account after a few refusals in half an hour.
var waits = [...]time.Duration{time.Minute, 5 * time.Minute, 25 * time.Minute, 2 * time.Hour}

const (
	// trialTime is how long a trial is kept after the last request with its secret.
	trialTime = 3 * time.Hour
	// maxAddresses bounds the addresses of a trial: a registry may name another token server each time.
	maxAddresses = 100
)

// A Verdict says whether an address took the secret of a request.
type Verdict int

const (
	undecided Verdict = iota // such as status 503
	accepted                 // status below 300
	refused                  // status 401
)

// A Lockout keeps the verdicts on each secret of each registry. Front, instances, replicas and token server mostly ask
// one directory, and the directory counts the refusals of an account. A secret that was refused is sent again after 1, 5,
// 25 minutes and then every 2 hours, or after Retry. Until some address accepts a secret, one request at a time carries
// it: 20 scrapes at once with a wrong password make one refusal, not 20. The zero value is ready. It is for many
// goroutines.
type Lockout struct {
	mu         sync.Mutex
	trials     map[[sha256.Size]byte]*trial // by hash of the secret
	registries map[string]*Lockout          // of a Lockout that is for all
	all        *Lockout                     // of a Lockout that is for one registry
}

// of returns the Lockout of one registry.
func (l *Lockout) of(registry string) *Lockout {
	if l == nil {
		return nil
	}
	if l.all != nil {
		return l.all.of(registry)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.registries[registry]
	if one == nil {
		if l.registries == nil {
			l.registries = map[string]*Lockout{}
		}
		one = &Lockout{all: l}
		l.registries[registry] = one
	}
	return one
}

// Retry lets every secret be sent again, as a reload does.
func (l *Lockout) Retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.trials {
		t.at = time.Time{}
	}
	for _, one := range l.registries {
		one.Retry()
	}
}

// A trial is the history of one secret.
type trial struct {
	used      time.Time          // last request
	at        time.Time          // when the last refusal came
	refusals  int                // refusals in a row, each after the wait for the one before
	confirmed bool               // some address accepted the secret after the last refusal
	verdicts  map[string]Verdict // by address: the last one that is not undecided
	sure      map[string]bool    // addresses that accepted the secret after the last refusal by any address
	asking    chan struct{}      // holds one item while a request waits for its verdict
}

// Send calls ask, which sends the secret to the address and returns the verdict. Shortly after a refusal it does not call
// ask, and returns an error with reason unauthorized that NotLetIn marks. Until some address accepts the secret, Send
// waits for the requests before it; when ctx ends first, the error is source.Unasked.
//
// When one address refuses a secret that another address has accepted, the other address is asked once more. Only when it
// refuses as well, the secret is wrong, and not the first address.
func (l *Lockout) Send(ctx context.Context, address, secret string, ask func() Verdict) error {
	t := l.trial(secret)
	release, err := l.acquire(ctx, t, address)
	if err != nil {
		return err
	}
	defer release()
	if err := l.refusal(t, address); err != nil {
		return err
	}
	l.note(t, address, ask())
	return nil
}

// acquire waits until no other request waits for a verdict. Once the secret is accepted, it waits no longer.
func (l *Lockout) acquire(ctx context.Context, t *trial, address string) (release func(), err error) {
	if l.isSure(t, address) {
		return func() {}, nil
	}
	select {
	case t.asking <- struct{}{}:
	case <-ctx.Done():
		return nil, source.Unasked(fmt.Errorf("waiting until another request has shown if these credentials are good: %w", ctx.Err()))
	}
	release = func() { <-t.asking }
	if l.isSure(t, address) {
		release()
		return func() {}, nil
	}
	return release, nil
}

// trial returns the trial of the secret. It drops trials that were not used for trialTime.
func (l *Lockout) trial(secret string) *trial {
	key := sha256.Sum256([]byte(secret))
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.trials[key]
	if t == nil {
		maps.DeleteFunc(l.trials, func(_ [sha256.Size]byte, t *trial) bool { return time.Since(t.used) > trialTime })
		if l.trials == nil {
			l.trials = map[[sha256.Size]byte]*trial{}
		}
		t = &trial{asking: make(chan struct{}, 1), verdicts: map[string]Verdict{}, sure: map[string]bool{}}
		l.trials[key] = t
	}
	t.used = time.Now()
	return t
}

func (l *Lockout) isSure(t *trial, address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.sure[address]
}

// refusal returns an error while the last refusal is too recent for another try.
func (l *Lockout) refusal(t *trial, address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	age, wait := time.Since(t.at), t.wait()
	if age >= wait || t.mayAsk(address) {
		return nil
	}
	return NotLetIn(source.Failed(source.ReasonUnauthorized, "these credentials were refused %s ago: not sent again for %s", age.Round(time.Second), (wait - age).Round(time.Second)))
}

// wait returns for how long the secret is not sent after the last refusal.
func (t *trial) wait() time.Duration {
	if t.refusals == 0 {
		return 0
	}
	return waits[min(t.refusals, len(waits))-1]
}

// mayAsk says whether an address may be asked although another address has just refused the secret.
func (t *trial) mayAsk(address string) bool {
	refusing := 0
	for _, v := range t.verdicts {
		if v == refused {
			refusing++
		}
	}
	return t.verdicts[address] != refused && (t.confirmed || t.verdicts[address] == accepted && refusing == 1)
}

func (l *Lockout) note(t *trial, address string, v Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v == undecided {
		return
	}
	if len(t.verdicts) >= maxAddresses {
		clear(t.verdicts)
		clear(t.sure)
	}
	t.verdicts[address] = v
	if v == accepted {
		t.confirmed, t.sure[address] = true, true
		if !slices.Contains(slices.Collect(maps.Values(t.verdicts)), refused) {
			t.refusals = 0
		}
		return
	}
	if time.Since(t.at) >= t.wait() {
		t.refusals++
	}
	t.at, t.confirmed = time.Now(), false
	clear(t.sure)
}

// lockoutTransport sends a request unless its secret was refused. secretOf returns the secret of a request; empty: it has
// none.
type lockoutTransport struct {
	next     http.RoundTripper
	lockout  *Lockout
	secretOf func(*http.Request) string
}

// NewLockoutTransport sends with next. secretOf returns the secret of a request, such as a header; empty: it has none.
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

// verdictOf returns accepted only for a success: a server answers with many errors before it checks the secret.
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

// VerdictBy returns the verdict of an error by its reason. nil is accepted.
func VerdictBy(err error) Verdict {
	switch source.Reason(err) {
	case "":
		return accepted
	case source.ReasonUnauthorized:
		return refused
	}
	return undecided
}

// secretHeaders returns a function for the secrets of a request: Authorization, and the headers of http_headers. Other
// headers, such as Accept, differ between requests of one account.
func secretHeaders(cfg *promconfig.HTTPClientConfig) func(*http.Request) string {
	names := []string{"Authorization"}
	if cfg.HTTPHeaders != nil {
		for name := range cfg.HTTPHeaders.Headers {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return func(req *http.Request) string {
		var b strings.Builder
		for _, name := range names {
			for _, value := range req.Header[name] {
				fmt.Fprintf(&b, "%s: %s\n", name, value)
			}
		}
		return b.String()
	}
}
