package swift

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

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

// wantSteps wants registry_swift_step_seconds for these steps and no others.
func wantSteps(t *testing.T, res source.Result, want ...string) {
	t.Helper()
	var got []string
	for _, s := range res.Samples {
		if s.Metric == stepSeconds {
			got = append(got, s.Labels[1])
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("steps %q, want %q (%v)", got, want, res.Err)
	}
}

func resultOf(samples []source.Sample, err error) source.Result {
	return source.Result{Samples: samples, Err: err}
}

// testSwiftStore is what the source of an exporter's first registry reads with, built again.
func testSwiftStore(t *testing.T, e *collector.Exporter) *store {
	t.Helper()
	store, err := newStore(ask.NewBuilder(e.live.Load().config, 0, ask.Options{Lockout: &e.lockout}))
	if err != nil {
		t.Fatal(err)
	}
	return store
}
