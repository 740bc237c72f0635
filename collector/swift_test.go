package collector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/ncw/swift/v2"
	"github.com/ncw/swift/v2/swifttest"
)

// The library's own test server is not ours: it speaks v1 as somebody else understands it.
func TestSwiftAgainstSwifttest(t *testing.T) {
	server, err := swifttest.NewSwiftServer("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	owner := swift.Connection{
		UserName: swifttest.TEST_ACCOUNT, ApiKey: swifttest.TEST_ACCOUNT, AuthUrl: server.AuthURL,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	if err := owner.ContainerCreate(t.Context(), "registry", nil); err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{"a", "bb"} {
		if err := owner.ObjectPutString(t.Context(), "registry", object, object, "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	config := func(key, container string) string {
		return "registries:\n- name: hub\n  url: http://registry.example.org\n  swift: {auth_url: '" + server.AuthURL +
			"', username: " + swifttest.TEST_ACCOUNT + ", key: " + key + ", container: " + container + "}\n"
	}
	res := newTestExporter(t, config(swifttest.TEST_ACCOUNT, "registry")).readOne(t, "swift")
	wantReason(t, res.err, "")
	wantValue(t, res, swiftReachable, 1)
	wantValue(t, res, swiftObjects, 2)
	wantValue(t, res, swiftBytes, 3)

	res = newTestExporter(t, config(swifttest.TEST_ACCOUNT, "missing")).readOne(t, "swift")
	wantReason(t, res.err, reasonNotFound)
	wantValue(t, res, swiftReachable, 0)
}

func TestSwiftAuthVersions(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"v1", "auth_url: ADDRESS/auth/v1.0", ""},
		{"v1 without a v", "auth_url: ADDRESS/auth/1.0", ""},
		{"v1 said", "auth_url: ADDRESS/auth/v3/v1.0, auth_version: 1", ""},
		{"v2", "auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad", ""},
		{"v2 with the first region", "auth_url: ADDRESS/v2.0, tenant: docker", reasonNotFound},
		{"v2 with a region that is none", "auth_url: ADDRESS/v2.0, tenant: docker, region: esams", reasonBadAnswer},
		{"v2 with another tenant", "auth_url: ADDRESS/v2.0, tenant: others, region: eqiad", reasonUnauthorized},
		{"v3", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 behind a prefix", "auth_url: ADDRESS/identity/v3/, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 with another domain", "auth_url: ADDRESS/v3, tenant: docker, domain: default, region: eqiad", reasonUnauthorized},
		{"v3 with a region that is none", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams", reasonBadAnswer},
		{"v3 with the storage URL said", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams, storage_url: ADDRESS/v1/AUTH_docker", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			res := newTestExporter(t, server.config(c.config)).readOne(t, "swift")
			wantReason(t, res.err, c.want)
			wantValue(t, res, swiftReachable, bool01(c.want == ""))
		})
	}
}

func TestSwiftConfigIsRefused(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"no version", "auth_url: http://swift.example.org/auth", "auth_version is missing"},
		{"a version that is none", "auth_url: http://v3.example.org/auth/v10", "auth_version is missing"},
		{"a storage URL without account", "auth_url: http://swift.example.org/auth/v1.0, storage_url: http://swift.example.org/", "must end in the account"},
		{"a CA file that is missing", "auth_url: http://swift.example.org/auth/v1.0, tls_config: {ca_file: /nowhere/ca.crt}", "registries[0].swift.tls_config"},
		{"a key file that is missing", "auth_url: http://swift.example.org/auth/v1.0, key_file: /nowhere/key", "registries[0].swift.key_file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := (&fakeSwift{Server: &httptest.Server{}}).config(c.config)
			if strings.Contains(c.config, "key_file") {
				text = strings.Replace(text, ", key: keykeykey", "", 1)
			}
			file := filepath.Join(t.TempDir(), "registry_exporter.yml")
			writeFile(t, file, text)
			_, err := New(Options{ConfigFile: file, Logger: log.NewNopLogger()})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file+":4") {
				t.Errorf("got %v, want line 4 and %q", err, c.want)
			}
		})
	}
}

func TestSwiftTLS(t *testing.T) {
	_, ca, _, _ := exampleCertificate(t)
	server := startSwift(t)
	front := httptest.NewTLSServer(server.Config.Handler)
	defer front.Close()
	for _, c := range []struct{ name, tlsConfig, want string }{
		{"good", "ca_file: " + ca, ""},
		{"other name", "server_name: swift.example.org, ca_file: " + ca, reasonTLSHostname},
		{"unknown authority", "server_name: example.com", reasonTLSUnknownAuthority},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := newTestExporter(t, server.config("auth_url: "+front.URL+"/auth/v1.0, tls_config: {"+c.tlsConfig+"}")).readOne(t, "swift")
			wantReason(t, res.err, c.want)
			wantValue(t, res, swiftReachable, bool01(c.want == ""))
		})
	}
}

func TestSwiftTokenIsKept(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	wantSteps(t, e.readOne(t, "swift"), "auth", "container")
	wantSteps(t, e.readOne(t, "swift"), "container")
	server.wantLogins(t, 1)
}

func TestSwiftTokenIsRenewed(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	store := testSwiftStore(t, e)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	store.since = time.Now().Add(-loginEvery)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	wantSteps(t, resultOf(store.read(t.Context())), "container")
	server.wantLogins(t, 2)
}

func TestSwiftTokenEndedBetweenScrapes(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	e.readOne(t, "swift")
	server.revoke()
	res := e.readOne(t, "swift")
	wantReason(t, res.err, "")
	wantValue(t, res, swiftReachable, 1)
	wantSteps(t, res, "auth", "container")
	server.wantLogins(t, 2)
}

func TestSwiftRefusesEveryToken(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	e.readOne(t, "swift")
	server.container = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	for scrape := range 3 {
		res := e.readOne(t, "swift")
		wantReason(t, res.err, reasonUnauthorized)
		wantValue(t, res, swiftReachable, 0)
		server.wantLogins(t, 2+scrape) // one for each scrape
	}
}

// The clock of the exporter may differ from that of Keystone.
func TestSwiftTokenThatSeemsToHaveEnded(t *testing.T) {
	server := startSwift(t)
	server.expires = time.Now().Add(-time.Hour)
	e := newTestExporter(t, server.config("auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad"))
	for range 2 {
		res := e.readOne(t, "swift")
		wantReason(t, res.err, "")
		wantValue(t, res, swiftReachable, 1)
	}
	server.wantLogins(t, 1)
}

func TestSwiftWrongKeyIsSentOnce(t *testing.T) {
	for _, version := range []string{
		"auth_url: ADDRESS/auth/v1.0",
		"auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad",
		"auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad",
	} {
		t.Run(version, func(t *testing.T) {
			server := startSwift(t)
			server.key = "another key"
			e := newTestExporter(t, server.config(version))
			for range 3 {
				res := e.readOne(t, "swift")
				wantReason(t, res.err, reasonUnauthorized)
				wantValue(t, res, swiftReachable, 0)
			}
			server.wantLogins(t, 1)
		})
	}
}

func TestSwiftChangedKeyIsTriedAtOnce(t *testing.T) {
	server := startSwift(t)
	file := filepath.Join(t.TempDir(), "key")
	writeFile(t, file, "wrongwrong")
	e := newTestExporter(t, strings.Replace(server.config(""), "key: "+server.key, "key_file: "+file, 1))
	wantReason(t, e.readOne(t, "swift").err, reasonUnauthorized)
	writeFile(t, file, server.key+"\n")
	res := e.readOne(t, "swift")
	wantReason(t, res.err, "")
	wantValue(t, res, swiftReachable, 1)
	server.wantLogins(t, 2)
}

func TestSwiftHangs(t *testing.T) {
	t.Run("at the container", func(t *testing.T) {
		server := startSwift(t)
		server.container = hang
		e := newTestExporter(t, server.config("")+"  timeout: 300ms\n")
		res := e.readOne(t, "swift")
		wantReason(t, res.err, reasonTimeout)
		wantValue(t, res, swiftReachable, 0)
		wantSteps(t, res, "auth")

		wantReason(t, e.readOne(t, "swift").err, reasonTimeout)
		server.wantLogins(t, 1) // a slow Swift is not made slower
	})
	t.Run("at the login", func(t *testing.T) {
		server := startSwift(t)
		server.login = hang
		res := newTestExporter(t, server.config("")+"  timeout: 300ms\n").readOne(t, "swift")
		wantReason(t, res.err, reasonTimeout)
		wantValue(t, res, swiftReachable, 0)
		wantSteps(t, res)
	})
}

func TestSwiftEndlessAnswers(t *testing.T) {
	t.Run("to a login by header", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Auth-Token", server.newToken())
			w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_docker")
			writeEndlessly(w)
		}
		wantReason(t, newTestExporter(t, server.config("")).readOne(t, "swift").err, "")
	})
	t.Run("to a login by JSON", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"token":{"user":{"name":"`)
			writeEndlessly(w)
		}
		res := newTestExporter(t, server.config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
		wantReason(t, res.err, reasonTooLarge)
	})
	t.Run("in an error", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusServiceUnavailable)
			writeEndlessly(w)
		}
		wantReason(t, newTestExporter(t, server.config("")).readOne(t, "swift").err, reasonUnavailable)
	})
}

func TestSwiftKeystoneAnswers(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"html", "<html>Welcome</html>", reasonBadAnswer},
		{"nothing", "", reasonBadAnswer},
		{"empty object", "{}", reasonBadAnswer},
		{"another shape", `{"token":[1,2]}`, reasonBadAnswer},
		{"truncated", `{"token":{"user":{"na`, reasonShortRead},
		{"deep nesting", strings.Repeat("[", 20000), reasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			server.login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "tk")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, c.answer)
			}
			res := newTestExporter(t, server.config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
			wantReason(t, res.err, c.want)
			wantValue(t, res, swiftReachable, 0)
		})
	}
}

func TestSwiftCredentialsDoNotFollowARedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}

	server := startSwift(t)
	server.login = away
	wantReason(t, newTestExporter(t, server.config("")).readOne(t, "swift").err, reasonRedirected)
	server = startSwift(t)
	server.container = away
	wantReason(t, newTestExporter(t, server.config("")).readOne(t, "swift").err, reasonRedirected)
	if asked {
		t.Error("the other host was asked")
	}
}

// A server may repeat in an error what it was sent.
func TestSwiftSecretsStayOutOfTheLog(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "No access with %s%s", r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Token"))
	}
	for _, at := range []string{"login", "container", "counts"} {
		t.Run(at, func(t *testing.T) {
			server := startSwift(t)
			switch at {
			case "login":
				server.login = echo
			case "container":
				server.container = echo
			case "counts":
				server.container = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Container-Bytes-Used", r.Header.Get("X-Auth-Token"))
				}
			}
			var logged bytes.Buffer
			e := newTestExporter(t, server.config(""))
			e.opts.Logger = log.NewLogfmtLogger(&logged)
			page := httptest.NewRecorder()
			e.ServeProbe(page, httptest.NewRequest(http.MethodGet, "/probe?registry=hub&collect[]=swift&debug=true", nil))
			for _, text := range []string{logged.String(), page.Body.String()} {
				if !strings.Contains(text, "source fails") || strings.Contains(text, server.key) || strings.Contains(text, "AUTH_tk") {
					t.Errorf("want a failure without key and token, got %s", text)
				}
			}
		})
	}
}

// fakeSwift lets docker:registry in by v1, v2 and v3, and has one container.
type fakeSwift struct {
	*httptest.Server
	key              string
	expires          time.Time
	login, container http.HandlerFunc // instead of the usual answers

	objects fakeObjects

	mu     sync.Mutex
	logins int
	token  string
}

func startSwift(t *testing.T) *fakeSwift {
	t.Helper()
	s := &fakeSwift{key: "keykeykey", expires: time.Now().Add(time.Hour), objects: newFakeObjects()}
	mux := http.NewServeMux()
	at := func(pattern string, usual http.HandlerFunc, instead *http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if *instead != nil {
				(*instead)(w, r)
				return
			}
			usual(w, r)
		})
	}
	at("GET /auth/", s.loginV1, &s.login)
	at("POST /v2.0/tokens", s.loginV2, &s.login)
	at("POST /v3/auth/tokens", s.loginV3, &s.login)
	at("POST /identity/v3/auth/tokens", s.loginV3, &s.login)
	at("HEAD /v1/AUTH_docker/registry", s.head, &s.container)
	s.objects.serve(mux, s.isToken)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// config is a registry on this Swift; options begin with the auth_url if it is not that of v1.
func (s *fakeSwift) config(options string) string {
	if options == "" {
		options = "auth_url: ADDRESS/auth/v1.0"
	}
	return "registries:\n- name: hub\n  url: http://registry.example.org\n  swift: {" +
		strings.ReplaceAll(options, "ADDRESS", s.URL) + ", username: 'docker:registry', key: keykeykey, container: registry}\n"
}

func (s *fakeSwift) newToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = fmt.Sprintf("AUTH_tk%d", s.logins)
	return s.token
}

func (s *fakeSwift) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
}

// letIn counts a login and refuses it unless it is right.
func (s *fakeSwift) letIn(w http.ResponseWriter, right bool) bool {
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	if !right {
		w.WriteHeader(http.StatusUnauthorized)
	}
	return right
}

func (s *fakeSwift) wantLogins(t *testing.T, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logins != want {
		t.Errorf("%d logins, want %d", s.logins, want)
	}
}

func (s *fakeSwift) loginV1(w http.ResponseWriter, r *http.Request) {
	if s.letIn(w, r.Header.Get("X-Auth-User") == "docker:registry" && r.Header.Get("X-Auth-Key") == s.key) {
		w.Header().Set("X-Auth-Token", s.newToken())
		w.Header().Set("X-Storage-Url", s.URL+"/v1/AUTH_docker")
	}
}

func (s *fakeSwift) loginV2(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Auth struct {
			TenantName          string
			PasswordCredentials struct{ Username, Password string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	by := asked.Auth.PasswordCredentials
	if s.letIn(w, by.Username == "docker:registry" && by.Password == s.key && asked.Auth.TenantName == "docker") {
		fmt.Fprintf(w, `{"access":{"token":{"id":%q,"expires":%q},"serviceCatalog":[
			{"type":"identity","endpoints":[{"region":"eqiad","publicURL":"%s/v2.0"}]},
			{"type":"object-store","endpoints":[
				{"region":"codfw","publicURL":"%[3]s/v1/AUTH_elsewhere"},{"region":"eqiad","publicURL":"%[3]s/v1/AUTH_docker"}]}]}}`,
			s.newToken(), s.expires.Format(time.RFC3339), s.URL)
	}
}

func (s *fakeSwift) loginV3(w http.ResponseWriter, r *http.Request) {
	type named struct {
		Name   string
		Domain struct{ Name string }
	}
	var asked struct {
		Auth struct {
			Identity struct {
				Password struct {
					User struct {
						named
						Password string
					}
				}
			}
			Scope struct{ Project named }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	by, project := asked.Auth.Identity.Password.User, asked.Auth.Scope.Project
	if s.letIn(w, by.Name == "docker:registry" && by.Password == s.key && by.Domain.Name == "Default" &&
		project.Name == "docker" && project.Domain.Name == "Default") {
		w.Header().Set("X-Subject-Token", s.newToken())
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":{"expires_at":%q,"catalog":[
			{"type":"object-store","endpoints":[
				{"interface":"public","region":"codfw","url":"%s/v1/AUTH_elsewhere"},
				{"interface":"internal","region":"eqiad","url":"%[2]s/v1/AUTH_inside"},
				{"interface":"public","region":"eqiad","url":"%[2]s/v1/AUTH_docker"}]}]}}`,
			s.expires.Format(time.RFC3339), s.URL)
	}
}

// isToken refuses a request without the token of the last login.
func (s *fakeSwift) isToken(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.Header.Get("X-Auth-Token")
	if token == "" || token != s.token {
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

func (s *fakeSwift) head(w http.ResponseWriter, r *http.Request) {
	if !s.isToken(w, r) {
		return
	}
	w.Header().Set("X-Container-Object-Count", "10")
	w.Header().Set("X-Container-Bytes-Used", "1084")
	w.WriteHeader(http.StatusNoContent)
}

// hang answers when the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // before, a server does not see the client go
	<-r.Context().Done()
}

// writeEndlessly ends when the client has enough.
func writeEndlessly(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 1<<14)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// wantSteps wants registry_swift_step_seconds for these steps and no others.
func wantSteps(t *testing.T, res result, want ...string) {
	t.Helper()
	var got []string
	for _, s := range res.samples {
		if s.metric == swiftStep {
			got = append(got, s.labels[1])
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("steps %q, want %q (%v)", got, want, res.err)
	}
}

func resultOf(samples []sample, err error) result { return result{samples: samples, err: err} }

// testSwiftStore is what the source of an exporter's first registry reads with, built again.
func testSwiftStore(t *testing.T, e *Exporter) *swiftStore {
	t.Helper()
	r := e.live.Load().config.Registries[0]
	store, err := newSwiftStore(&builder{Registry: r, config: e.live.Load().config, lockout: &e.lockout})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
