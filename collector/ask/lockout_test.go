package ask

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	promconfig "github.com/prometheus/common/config"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// age makes all trials older by d.
func (l *Lockout) age(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.trials {
		t.at, t.used = t.at.Add(-d), t.used.Add(-d)
	}
	for _, one := range l.registries {
		one.age(d)
	}
}

func TestARefusedSecretIsNotSentAgainForAMinute(t *testing.T) {
	for _, c := range []struct{ name, http, header string }{
		{"basic auth", "basic_auth: {username: monitor, password: wrong-password}", "Authorization"},
		{"bearer", "authorization: {credentials: wrong-token}", "Authorization"},
		{"custom header", "http_headers: {X-Api-Key: {secrets: [wrong-key]}}", "X-Api-Key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
			defer server.Close()
			var l Lockout
			a := accountOf(t, server.URL, c.http, &l)
			ask := func(want int) {
				t.Helper()
				answer, err := a.Get(t.Context(), a.Login, "/v2/", MaxSmallBody)
				wantReason(t, answer.OrRefusal(err, http.StatusOK), source.ReasonUnauthorized)
				if n := seen.Carrying(c.header); n != want {
					t.Fatalf("the secret was sent %d times, want %d", n, want)
				}
			}
			ask(1)
			ask(1)
			l.age(waits[0] - 5*time.Second)
			ask(1)
			l.age(5 * time.Second)
			ask(2)
			ask(2)
			a = accountOf(t, server.URL, c.http, &l) // a reload makes a new account
			ask(2)
		})
	}
}

func TestARefusedSecretIsNotSentAgainToATokenEndpoint(t *testing.T) {
	var seen testserver.Recorder
	tokens := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer tokens.Close()
	for _, c := range []struct {
		name, http string
		ask        func(*Account) error
		each       int
	}{
		{"token flow", "basic_auth: {username: monitor, password: wrong-password}", func(a *Account) error {
			_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": tokens.URL + "/token"}})
			return err
		}, 1},
		{"oauth2", "oauth2: {client_id: monitor, client_secret: wrong-secret, token_url: " + tokens.URL + "/token}", func(a *Account) error {
			_, err := a.Get(t.Context(), a.Login, "/v2/", MaxSmallBody)
			return err
		}, 2}, // in a header, and then in the body, as some want it
	} {
		t.Run(c.name, func(t *testing.T) {
			seen.Clear()
			var l Lockout
			a := accountOf(t, "http://127.0.0.1:1", c.http, &l)
			for try, want := range []int{c.each, c.each, 2 * c.each, 2 * c.each} {
				if try == 2 {
					l.age(waits[0])
				}
				wantReason(t, c.ask(a), source.ReasonUnauthorized)
				if n := len(seen.Requests()); n != want {
					t.Fatalf("try %d: the secret was sent %d times, want %d", try, n, want)
				}
			}
		})
	}
}

// trials counts the requests, and how many of them are under way at once.
type trials struct {
	lockout Lockout

	mu               sync.Mutex
	asked, now, most int
}

// send takes a second.
func (s *trials) send(ctx context.Context, v Verdict) error {
	return s.lockout.Send(ctx, "registry.example.org", "secret", func() Verdict {
		s.count(1)
		defer s.count(-1)
		time.Sleep(time.Second)
		return v
	})
}

func (s *trials) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += n
	s.asked += max(n, 0)
	s.most = max(s.most, s.now)
}

// sendMany sends 8 times at once. It returns how many requests were sent, how many were under way at once, and how many
// were kept back.
func (s *trials) sendMany(ctx context.Context, v Verdict) (asked, most, keptBack int) {
	var group sync.WaitGroup
	var unsent atomic.Int64
	s.asked, s.most = 0, 0
	for range 8 {
		group.Go(func() {
			if err := s.send(ctx, v); err != nil {
				unsent.Add(1)
			}
		})
	}
	group.Wait()
	return s.asked, s.most, int(unsent.Load())
}

func TestWhoWaitsForAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s trials
		for _, step := range []struct {
			name                  string
			verdict               Verdict
			after                 time.Duration
			asked, most, keptBack int
		}{
			{"errors tell nothing: one after the other", undecided, 0, 8, 1, 0},
			{"one is refused, the others learn it", refused, 0, 1, 1, 7},
			{"nobody is sent for a minute", accepted, waits[0] - time.Second, 0, 0, 8},
			{"then one again", refused, time.Second, 1, 1, 7},
			{"one is accepted, the others go at once", accepted, waits[1], 8, 7, 0},
			{"nobody waits any longer", accepted, 0, 8, 8, 0},
			{"nor when errors come", undecided, 0, 8, 8, 0},
			{"until one is refused: these were under way", refused, 0, 8, 8, 0},
			{"nobody is sent", accepted, 0, 0, 0, 8},
		} {
			time.Sleep(step.after)
			asked, most, keptBack := s.sendMany(t.Context(), step.verdict)
			if asked != step.asked || most != step.most || keptBack != step.keptBack {
				t.Errorf("%s: %d asked, %d at once, %d were kept back; want %d, %d, %d", step.name, asked, most, keptBack, step.asked, step.most, step.keptBack)
			}
		}
	})
}

func TestWaitForAVerdictEndsWithTheScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s trials
		go func() { _ = s.send(t.Context(), accepted) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := s.send(ctx, accepted)
		if !source.IsUnasked(err) || source.Reason(err) != source.ReasonTimeout {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Second)
	})
}

func TestPanicWhileOthersWait(t *testing.T) {
	var l Lockout
	func() {
		defer func() { _ = recover() }()
		_ = l.Send(t.Context(), "registry.example.org", "secret", func() Verdict { panic("no such thing") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // a turn that is free may still lose against a context that has ended
		if l.Send(ctx, "registry.example.org", "secret", func() Verdict { return undecided }) == nil {
			return
		}
	}
	t.Error("nobody gets the turn any longer")
}

func TestSecretsNobodySendsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lockout
		for i := range 100 {
			v := []Verdict{undecided, accepted, refused}[i%3]
			_ = l.Send(t.Context(), "registry.example.org", fmt.Sprint(i), func() Verdict { return v })
			time.Sleep(trialTime / 10)
		}
		if n := len(l.trials); n > 12 {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestVerdictOfAnAnswer(t *testing.T) {
	for status, want := range map[int]Verdict{200: accepted, 204: accepted, 302: undecided, 401: refused, 403: undecided, 404: undecided, 429: undecided, 503: undecided} {
		if got := verdictOf(&http.Response{StatusCode: status}, nil); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
	}
	if got := verdictOf(nil, errors.New("reset")); got != undecided {
		t.Errorf("no answer: %d", got)
	}
}

// A lockoutStep sends the secret to an address after a while, and has the outcome that is wanted.
type lockoutStep struct {
	address string
	after   time.Duration
	verdict Verdict
	sent    bool
}

func play(t *testing.T, l *Lockout, steps ...lockoutStep) {
	t.Helper()
	for i, s := range steps {
		time.Sleep(s.after)
		sent := false
		err := l.Send(t.Context(), s.address, "secret", func() Verdict { sent = true; return s.verdict })
		if sent != s.sent || sent == (err != nil) {
			t.Errorf("step %d, %s: sent is %t, want %t: %v", i, s.address, sent, s.sent, err)
		}
	}
}

func TestAWrongSecretIsOneRefusalForAllAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		play(t, new(Lockout), lockoutStep{"front", 0, refused, true}, lockoutStep{"backend", 0, refused, false}, lockoutStep{"tokens", 30 * time.Second, refused, false})
	})
}

func TestWaitsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lockout
		play(t, &l, lockoutStep{"front", 0, refused, true})
		for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 25 * time.Minute, 2 * time.Hour, 2 * time.Hour} {
			play(t, &l, lockoutStep{"backend", wait - time.Second, refused, false}, lockoutStep{"front", time.Second, refused, true})
		}
		l.Retry()
		play(t, &l, lockoutStep{"front", 0, accepted, true}, lockoutStep{"front", 0, refused, true},
			lockoutStep{"front", time.Minute - time.Second, refused, false}, lockoutStep{"front", time.Second, accepted, true})
	})
}

// TestAPasswordThatChangesOnTheServer: two refusals are enough to learn it, however many instances ask the directory.
func TestAPasswordThatChangesOnTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		play(t, new(Lockout),
			lockoutStep{"front", 0, accepted, true}, lockoutStep{"one", 0, accepted, true}, lockoutStep{"two", 0, accepted, true},
			lockoutStep{"front", 0, refused, true}, lockoutStep{"one", 0, refused, true}, lockoutStep{"two", 0, refused, false}, lockoutStep{"front", 0, refused, false})
	})
}

// TestOneInstanceThatRefuses: one instance has another file of passwords. The exporter goes on to ask the others.
func TestOneInstanceThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		play(t, new(Lockout),
			lockoutStep{"front", 0, accepted, true}, lockoutStep{"one", 0, refused, true}, lockoutStep{"front", 0, accepted, true},
			lockoutStep{"two", 0, accepted, true}, lockoutStep{"front", 0, accepted, true}, lockoutStep{"one", 0, refused, false})
	})
}

func TestEachRegistryHasTrialsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lockout
		play(t, l.of("hub"), lockoutStep{"front", 0, refused, true})
		play(t, l.of("other").of("hub"), lockoutStep{"front", 0, refused, false})
		play(t, l.of("other"), lockoutStep{"front", 0, accepted, true})
		l.Retry()
		play(t, l.of("hub"), lockoutStep{"front", 0, accepted, true})
	})
}

// TestSecretOfARequest: two requests with another Accept have the same secret; with another header of the configuration
// they have not.
func TestSecretOfARequest(t *testing.T) {
	cfg := &promconfig.HTTPClientConfig{HTTPHeaders: &promconfig.Headers{Headers: map[string]promconfig.Header{"x-api-key": {}}}}
	secretOf := secretHeaders(cfg)
	of := func(headers ...string) string {
		req := httptest.NewRequest(http.MethodGet, "/v2/", nil)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		return secretOf(req)
	}
	if of("Accept", "a/b", "User-Agent", "x") != "" {
		t.Error("a request without a secret has one")
	}
	if of("Authorization", "Basic eDp5", "Accept", "a/b") != of("Authorization", "Basic eDp5", "Range", "bytes=0-1") {
		t.Error("one account is taken for two")
	}
	if of("X-Api-Key", "a") == of("X-Api-Key", "b") || of("X-Api-Key", "a") == "" {
		t.Error("two keys are taken for one")
	}
}
