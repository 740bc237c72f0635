package ask

import (
	"registry_exporter/collector/testserver"
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
)

// refuse is a server that lets nobody in who shows no right password.
func refuse(scheme, realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "right-password" {
			openRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("%s realm=%q", scheme, realm))
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// age makes all trials older by d.
func (l *Lockout) age(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.trials {
		t.at, t.used = t.at.Add(-d), t.used.Add(-d)
	}
}

func TestARefusedSecretIsNotSentAgainForAMinute(t *testing.T) {
	for _, c := range []struct {
		name, config string
		header       string
	}{
		{"basic auth", "basic_auth: {username: monitor, password: wrong-password}", "Authorization"},
		{"bearer", "authorization: {credentials: wrong-token}", "Authorization"},
		{"custom header", "http_headers: {X-Api-Key: {secrets: [wrong-key]}}", "X-Api-Key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen recorder
			server := httptest.NewServer(seen.record(refuse("Basic", "x")))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {"+c.config+"}\n")
			scrape := func(want int) {
				t.Helper()
				got := e.scrapeNow(t, "api")
				got.wantReason(t, source.ReasonUnauthorized)
				got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := seen.carrying(c.header); n != want {
					t.Fatalf("the secret was sent %d times, want %d", n, want)
				}
			}
			scrape(1)
			scrape(1)
			e.lockout.age(lockoutTime - 5*time.Second)
			scrape(1)
			e.lockout.age(5 * time.Second)
			scrape(2)
			scrape(2)
			if err := e.Reload(); err != nil {
				t.Fatal(err)
			}
			scrape(2)
			if n := len(seen.requests()); n != 6+2 {
				t.Errorf("got %d requests, want one without credentials by each of 6 scrapes, and 2 with", n)
			}
		})
	}
}

func TestARefusedSecretIsNotSentAgainToATokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name, config string
		each         int
	}{
		{"token flow", credentialConfigs["basic auth"], 1},
		{"oauth2", credentialConfigs["oauth2"], 2}, // in a header, and then in the body, as some want it
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen recorder
			tokens := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
			defer tokens.Close()
			server := httptest.NewServer(bearerRegistry(tokens.URL + "/token"))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {"+strings.ReplaceAll(c.config, "ADDRESS", tokens.URL)+"}\n")
			for scrape, want := range []int{c.each, c.each, 2 * c.each, 2 * c.each} {
				if scrape == 2 {
					e.lockout.age(lockoutTime)
				}
				got := e.scrapeNow(t, "api")
				got.wantReason(t, source.ReasonUnauthorized)
				got.wantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := len(seen.requests()); n != want {
					t.Fatalf("scrape %d: the secret was sent %d times, want %d", scrape, n, want)
				}
			}
		})
	}
}

func TestAChangedPasswordFileIsTriedAtOnce(t *testing.T) {
	var seen recorder
	server := httptest.NewServer(seen.record(refuse("Basic", "x")))
	defer server.Close()
	file := testserver.TempFile(t, "password", []byte("wrong-password\n"))
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n")
	e.scrapeNow(t, "api").wantReason(t, source.ReasonUnauthorized)
	e.scrapeNow(t, "api").wantReason(t, source.ReasonUnauthorized)
	if err := os.WriteFile(file, []byte("right-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := e.scrapeNow(t, "api")
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_api_authorized{": 1})
	if n := seen.carrying("Authorization"); n != 2 {
		t.Errorf("passwords were sent %d times, want each once", n)
	}
}

func TestAnotherEndpointIsAskedAllTheSame(t *testing.T) {
	var front, backend recorder
	a := httptest.NewServer(front.record(refuse("Basic", "x")))
	defer a.Close()
	b := httptest.NewServer(backend.record(refuse("Basic", "x")))
	defer b.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+a.URL+"\n  backends: ["+b.URL+"]\n  http: {basic_auth: {username: monitor, password: wrong-password}}\n")
	for range 3 {
		e.scrapeNow(t, "api")
	}
	if front.carrying("Authorization") != 1 || backend.carrying("Authorization") != 1 {
		t.Errorf("the password was sent %d times to the front and %d times to the backend, want once each",
			front.carrying("Authorization"), backend.carrying("Authorization"))
	}
}

func TestOnlyARefusalLocksOut(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var seen recorder
			server := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, "{}")
			}))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug: {urls: ["+server.URL+"], http: {basic_auth: {username: monitor, password: right-password}}}\n")
			for range 3 {
				e.scrapeNow(t, "health")
			}
			if n := seen.carrying("Authorization"); n != 3 {
				t.Errorf("the password was sent %d times, want 3", n)
			}
		})
	}
}

func TestOAuth2TokenIsKeptWhileItLasts(t *testing.T) {
	var tokens, asked recorder
	var good atomic.Value
	good.Store("Bearer t")
	login := httptest.NewServer(tokens.record(answerToken))
	defer login.Close()
	server := httptest.NewServer(asked.record(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != good.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
	e.scrapeNow(t, "health").wantReason(t, "")
	e.scrapeNow(t, "health").wantReason(t, "")
	if n := len(tokens.requests()); n != 1 {
		t.Errorf("got %d logins, want 1", n)
	}
	good.Store("Bearer another")
	e.scrapeNow(t, "health").wantReason(t, source.ReasonUnauthorized)
	e.scrapeNow(t, "health").wantReason(t, source.ReasonUnauthorized)
	if n := len(tokens.requests()); n != 2 {
		t.Errorf("got %d logins, want one more after the token was refused", n)
	}
}

func TestOAuth2TokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		kind   string
		body   string
		reason string
	}{
		{"good", 200, "application/json", `{"access_token":"t","token_type":"Bearer","expires_in":300}`, ""},
		{"wrong secret", 401, "application/json", `{"error":"invalid_client"}`, source.ReasonUnauthorized},
		{"wrong secret, status 400", 400, "application/json", `{"error":"invalid_client"}`, source.ReasonUnauthorized},
		{"scope refused", 400, "application/json", `{"error":"invalid_scope"}`, source.ReasonClientError},
		{"error with status 200", 200, "application/json", `{"error":"invalid_scope"}`, source.ReasonBadAnswer},
		{"forbidden", 403, "text/html", `<html>`, source.ReasonForbidden},
		{"unavailable", 503, "text/html", `<html>`, source.ReasonUnavailable},
		{"HTML", 200, "text/html", `<html>`, source.ReasonBadAnswer},
		{"no token", 200, "application/json", `{}`, source.ReasonBadAnswer},
		{"truncated", 200, "application/json", `{"access_token":`, source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer login.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug:\n    urls: ["+server.URL+"]\n    http: {"+strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", login.URL)+"}\n")
			e.scrapeNow(t, "health").wantReason(t, c.reason)
		})
	}
}

func TestOAuth2TokenEndpointThatNeverAnswers(t *testing.T) {
	login := testserver.NewRaw(t, testserver.AfterRequest(testserver.Silent))
	e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  timeout: 300ms\n  debug:\n    urls: [http://registry.invalid]\n    http: {"+
		strings.ReplaceAll(credentialConfigs["oauth2"], "ADDRESS", "http://"+login.address)+"}\n")
	e.scrapeNow(t, "health").wantReason(t, source.ReasonTimeout)
	login.WantAllClosed(t)
}

// Scrapes with timeouts of their own share no reading; nor do sources.
func TestManyScrapesAtOnceSendAWrongSecretOnce(t *testing.T) {
	for _, c := range []struct {
		name, config string
		requests     int64 // that carry the secret, in one try
	}{
		{"basic auth", "  http: {basic_auth: {username: monitor, password: wrong-password}}\n", 1},
		{"custom header", "  http: {http_headers: {X-Api-Key: {secrets: [wrong-key]}}}\n", 1},
		{"oauth2", "  http: {oauth2: {client_id: monitor, client_secret: wrong-secret, token_url: ADDRESS/token}}\n", 2}, // in a header, and in the body
		{"api and msr on one host", "  http: {basic_auth: {username: monitor, password: wrong-password}}\n  msr:\n", 1},
		{"swift", "  swift: {auth_url: ADDRESS/auth/v1.0, username: docker:registry, key: wrong-key, container: registry}\n", 1},
		{"redis", "  redis: {addr: 'REDIS', password: wrong-password}\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent atomic.Int64
			refuseLate := func() {
				sent.Add(1)
				time.Sleep(50 * time.Millisecond) // for others to come too
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization")+r.Header.Get("X-Api-Key")+r.Header.Get("X-Auth-Key") != "" || r.Method == http.MethodPost {
					refuseLate()
				}
				w.Header().Set("WWW-Authenticate", "Basic")
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer server.Close()
			redis := testserver.NewRaw(t, func(conn net.Conn, in *bufio.Reader) {
				if _, err := in.ReadString('\n'); err == nil {
					refuseLate()
					fmt.Fprint(conn, "-WRONGPASS invalid username-password pair\r\n")
				}
			})
			e := collectortest.New(t, collectortest.HubConfig(server.URL, strings.NewReplacer("ADDRESS", server.URL, "REDIS", redis.address).Replace(c.config)))
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub", "X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(20+i))
					if !strings.Contains(page, `reason="unauthorized"`) {
						t.Errorf("not unauthorized:\n%s", page)
					}
				})
			}
			group.Wait()
			if sent.Load() != c.requests {
				t.Errorf("the secret was sent %d times, want %d", sent.Load(), c.requests)
			}
		})
	}
}

// trials counts those who ask, and how many of them do at once.
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

// sendMany sends 8 times at once; it returns how many were asked, how many at once at most, and how many were kept back.
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
			{"nobody is sent for a minute", accepted, lockoutTime - time.Second, 0, 0, 8},
			{"then one again", refused, time.Second, 1, 1, 7},
			{"one is accepted, the others go at once", accepted, lockoutTime, 8, 7, 0},
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
