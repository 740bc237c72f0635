// Package fakeswift is an OpenStack Swift for tests: an identity service that speaks TempAuth (v1), Keystone v2.0 and
// v3, and an account AUTH_docker with the containers registry and monitoring.
//
//	server := fakeswift.Start(t)
//	server.Objects.Instead["PUT"] = fakeswift.Answer(http.StatusInsufficientStorage, "")
//	config := server.Config("auth_url: ADDRESS/auth/v1.0, probe: {container: monitoring}")
//
// fakeswift.go has logins and the HEAD of the container, objects.go has objects and listings.
package fakeswift

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Key is the key of the user docker:registry, as Config writes it.
const Key = "keykeykey"

// A Server logs the user docker:registry in, and serves the account AUTH_docker. Its exported fields are set before
// the first request.
type Server struct {
	*httptest.Server
	Key       string           // that it accepts
	Expires   time.Time        // of tokens, as Keystone states it
	Login     http.HandlerFunc // answers logins instead of the server
	Container http.HandlerFunc // answers HEAD of the container registry instead of the server
	Objects   *Objects

	mu     sync.Mutex
	logins int
	token  string
}

// Start starts a server that stops with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{Key: Key, Expires: time.Now().Add(time.Hour), Objects: newObjects()}
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
	at("GET /auth/", s.loginV1, &s.Login)
	at("POST /v2.0/tokens", s.loginV2, &s.Login)
	at("POST /v3/auth/tokens", s.loginV3, &s.Login)
	at("POST /identity/v3/auth/tokens", s.loginV3, &s.Login)
	at("HEAD /v1/AUTH_docker/registry", s.head, &s.Container)
	s.Objects.serve(mux, s.hasToken)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// Config is the configuration of a registry hub on this Swift. options begin with the auth_url, in which ADDRESS is
// the server; without options it is that of v1.
func (s *Server) Config(options string) string {
	if options == "" {
		options = "auth_url: ADDRESS/auth/v1.0"
	}
	return "registries:\n- name: hub\n  url: http://registry.example.org\n  swift: {" +
		strings.ReplaceAll(options, "ADDRESS", s.URL) + ", username: 'docker:registry', key: " + Key + ", container: registry}\n"
}

// NewToken returns a new token. From now on the server accepts no other.
func (s *Server) NewToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = fmt.Sprintf("AUTH_tk%d", s.logins)
	return s.token
}

// Revoke makes the server refuse the token of the last login.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
}

// WantLogins fails the test unless so many requests for a token have come, refused ones included.
func (s *Server) WantLogins(t testing.TB, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logins != want {
		t.Errorf("%d logins, want %d", s.logins, want)
	}
}

// letIn counts a login, and refuses it unless right is set.
func (s *Server) letIn(w http.ResponseWriter, right bool) bool {
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	if !right {
		w.WriteHeader(http.StatusUnauthorized)
	}
	return right
}

func (s *Server) loginV1(w http.ResponseWriter, r *http.Request) {
	if s.letIn(w, r.Header.Get("X-Auth-User") == "docker:registry" && r.Header.Get("X-Auth-Key") == s.Key) {
		w.Header().Set("X-Auth-Token", s.NewToken())
		w.Header().Set("X-Storage-Url", s.URL+"/v1/AUTH_docker")
	}
}

func (s *Server) loginV2(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Auth struct {
			TenantName          string
			PasswordCredentials struct{ Username, Password string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	by := asked.Auth.PasswordCredentials
	if s.letIn(w, by.Username == "docker:registry" && by.Password == s.Key && asked.Auth.TenantName == "docker") {
		fmt.Fprintf(w, `{"access":{"token":{"id":%q,"expires":%q},"serviceCatalog":[
			{"type":"identity","endpoints":[{"region":"eqiad","publicURL":"%s/v2.0"}]},
			{"type":"object-store","endpoints":[
				{"region":"codfw","publicURL":"%[3]s/v1/AUTH_elsewhere"},{"region":"eqiad","publicURL":"%[3]s/v1/AUTH_docker"}]}]}}`,
			s.NewToken(), s.Expires.Format(time.RFC3339), s.URL)
	}
}

func (s *Server) loginV3(w http.ResponseWriter, r *http.Request) {
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
	if s.letIn(w, by.Name == "docker:registry" && by.Password == s.Key && by.Domain.Name == "Default" &&
		project.Name == "docker" && project.Domain.Name == "Default") {
		w.Header().Set("X-Subject-Token", s.NewToken())
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":{"expires_at":%q,"catalog":[
			{"type":"object-store","endpoints":[
				{"interface":"public","region":"codfw","url":"%s/v1/AUTH_elsewhere"},
				{"interface":"internal","region":"eqiad","url":"%[2]s/v1/AUTH_inside"},
				{"interface":"public","region":"eqiad","url":"%[2]s/v1/AUTH_docker"}]}]}}`,
			s.Expires.Format(time.RFC3339), s.URL)
	}
}

// hasToken refuses a request without the token of the last login.
func (s *Server) hasToken(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.Header.Get("X-Auth-Token")
	if token == "" || token != s.token {
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

func (s *Server) head(w http.ResponseWriter, r *http.Request) {
	if !s.hasToken(w, r) {
		return
	}
	w.Header().Set("X-Container-Object-Count", "10")
	w.Header().Set("X-Container-Bytes-Used", "1084")
	w.WriteHeader(http.StatusNoContent)
}
