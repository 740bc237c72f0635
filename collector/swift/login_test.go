package swift

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/swift/fakeswift"
)

func TestAuthVersions(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"v1", "auth_url: ADDRESS/auth/v1.0", ""},
		{"v1 without a v", "auth_url: ADDRESS/auth/1.0", ""},
		{"v1 said", "auth_url: ADDRESS/auth/v3/v1.0, auth_version: 1", ""},
		{"v2", "auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad", ""},
		{"v2 with the first region", "auth_url: ADDRESS/v2.0, tenant: docker", source.ReasonNotFound},
		{"v2 with a region that is none", "auth_url: ADDRESS/v2.0, tenant: docker, region: esams", source.ReasonBadAnswer},
		{"v2 with another tenant", "auth_url: ADDRESS/v2.0, tenant: others, region: eqiad", source.ReasonUnauthorized},
		{"v3", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 behind a prefix", "auth_url: ADDRESS/identity/v3/, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 with another domain", "auth_url: ADDRESS/v3, tenant: docker, domain: default, region: eqiad", source.ReasonUnauthorized},
		{"v3 with a region that is none", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams", source.ReasonBadAnswer},
		{"v3 with the storage URL said", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams, storage_url: ADDRESS/v1/AUTH_docker", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			res := newSources(t, server.Config(c.config)).readOne(t, "swift")
			wantReason(t, res.Err, c.want)
			wantValue(t, res, reachable, source.Bool01(c.want == ""))
		})
	}
}

func TestTokenIsKept(t *testing.T) {
	server := fakeswift.Start(t)
	e := newSources(t, server.Config(""))
	wantSteps(t, e.readOne(t, "swift"), "auth", "container")
	wantSteps(t, e.readOne(t, "swift"), "container")
	server.WantLogins(t, 1)
}

// A reading waits for no login that replaces a token which still works.
func TestTokenIsRenewedWhileItIsUsed(t *testing.T) {
	store, answerLogin := slowLogins(t)
	answerLogin <- http.StatusOK
	wantSteps(t, readNow(t, store), "auth", "container")
	store.age()
	wantSteps(t, readNow(t, store), "container")
	wantSteps(t, readNow(t, store), "container")
	answerLogin <- http.StatusOK
	for res := readNow(t, store); len(res.Samples) > 0; res = readNow(t, store) {
		if res.Samples[0].Labels[1] == "auth" {
			wantSteps(t, res, "auth", "container")
			break
		}
		wantSteps(t, res, "container")
	}
	wantSteps(t, readNow(t, store), "container")
}

// A token that was renewed beside the readings may be refused by the next one, such as after a restart of memcached.
func TestTokenThatIsRefusedAfterItWasRenewed(t *testing.T) {
	store, answerLogin := slowLogins(t)
	answerLogin <- http.StatusOK
	readNow(t, store)
	store.age()
	answerLogin <- http.StatusOK
	wantReason(t, readNow(t, store).Err, "")
	for end := time.Now().Add(10 * time.Second); store.isOld() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	store.session.AuthToken = "ended"
	answerLogin <- http.StatusOK
	res := readNow(t, store)
	wantReason(t, res.Err, "")
	wantValue(t, res, reachable, 1)
}

func TestTokenThatCannotBeRenewedIsToldByTheNextReading(t *testing.T) {
	store, answerLogin := slowLogins(t)
	answerLogin <- http.StatusOK
	readNow(t, store)
	store.age()
	wantReason(t, readNow(t, store).Err, "")
	answerLogin <- http.StatusServiceUnavailable
	answerLogin <- http.StatusServiceUnavailable
	res := readNow(t, store)
	for end := time.Now().Add(10 * time.Second); res.Err == nil && time.Now().Before(end); res = readNow(t, store) {
		time.Sleep(time.Millisecond)
	}
	wantReason(t, res.Err, source.ReasonUnavailable)
}

// slowLogins is a store whose logins wait for the status that they are answered with.
func slowLogins(t *testing.T) (*store, chan<- int) {
	t.Helper()
	server, statuses := fakeswift.Start(t), make(chan int, 2)
	server.Login = func(w http.ResponseWriter, r *http.Request) {
		select {
		case status := <-statuses:
			w.Header().Set("X-Auth-Token", server.NewToken())
			w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_docker")
			w.WriteHeader(status)
		case <-r.Context().Done():
		}
	}
	store, err := newStore(newBuilder(t, server.Config("")))
	if err != nil {
		t.Fatal(err)
	}
	return store, statuses
}

func (s *store) isOld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.since) >= loginEvery
}

// age makes the token of the store old.
func (s *store) age() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Now().Add(-loginEvery)
}

func readNow(t *testing.T, s *store) source.Result {
	t.Helper()
	samples, err := s.read(t.Context())
	return source.Result{Samples: samples, Err: err}
}

func TestTokenEndedBetweenScrapes(t *testing.T) {
	server := fakeswift.Start(t)
	e := newSources(t, server.Config(""))
	e.readOne(t, "swift")
	server.Revoke()
	res := e.readOne(t, "swift")
	wantReason(t, res.Err, "")
	wantValue(t, res, reachable, 1)
	wantSteps(t, res, "auth", "container")
	server.WantLogins(t, 2)
}

func TestRefusesEveryToken(t *testing.T) {
	server := fakeswift.Start(t)
	e := newSources(t, server.Config(""))
	e.readOne(t, "swift")
	server.Container = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	for scrape := range 3 {
		res := e.readOne(t, "swift")
		wantReason(t, res.Err, source.ReasonUnauthorized)
		wantValue(t, res, reachable, 0)
		server.WantLogins(t, 2+scrape) // one for each scrape
	}
}

// The clock of the exporter may be ahead of Keystone's: to the exporter a new token then seems to have ended.
func TestTokenThatSeemsToHaveEnded(t *testing.T) {
	server := fakeswift.Start(t)
	server.Expires = time.Now().Add(-time.Hour)
	e := newSources(t, server.Config("auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad"))
	for range 2 {
		res := e.readOne(t, "swift")
		wantReason(t, res.Err, "")
		wantValue(t, res, reachable, 1)
	}
	server.WantLogins(t, 1)
}

func TestWrongKeyIsSentOnce(t *testing.T) {
	for _, version := range []string{
		"auth_url: ADDRESS/auth/v1.0",
		"auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad",
		"auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad",
	} {
		t.Run(version, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Key = "another key"
			e := newSources(t, server.Config(version))
			for range 3 {
				res := e.readOne(t, "swift")
				wantReason(t, res.Err, source.ReasonUnauthorized)
				wantValue(t, res, reachable, 0)
			}
			server.WantLogins(t, 1)
		})
	}
}

func TestChangedKeyIsTriedAtOnce(t *testing.T) {
	server := fakeswift.Start(t)
	file := filepath.Join(t.TempDir(), "key")
	writeFile(t, file, "wrongwrong")
	e := newSources(t, strings.Replace(server.Config(""), "key: "+fakeswift.Key, "key_file: "+file, 1))
	wantReason(t, e.readOne(t, "swift").Err, source.ReasonUnauthorized)
	writeFile(t, file, server.Key+"\n")
	res := e.readOne(t, "swift")
	wantReason(t, res.Err, "")
	wantValue(t, res, reachable, 1)
	server.WantLogins(t, 2)
}

func TestKeystoneAnswers(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"html", "<html>Welcome</html>", source.ReasonBadAnswer},
		{"nothing", "", source.ReasonBadAnswer},
		{"empty object", "{}", source.ReasonBadAnswer},
		{"another shape", `{"token":[1,2]}`, source.ReasonBadAnswer},
		{"truncated", `{"token":{"user":{"na`, source.ReasonShortRead},
		{"deep nesting", strings.Repeat("[", 20000), source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "tk")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, c.answer)
			}
			res := newSources(t, server.Config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
			wantReason(t, res.Err, c.want)
			wantValue(t, res, reachable, 0)
		})
	}
}
