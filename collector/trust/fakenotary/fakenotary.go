// Package fakenotary is the changefeed of a Notary for tests, as its server on SQL answers, or with SetUUIDs that of an MSR, on
// RethinkDB.
//
//	server := fakenotary.Start(t)
//	server.Publish("msr.example.org/library/nginx", "update")
//	config := server.Config("trust: {url: ADDRESS}")
//
// It fails the test when it is asked what no Notary should be asked: for change_id=1, or a negative number of records.
//
// fakenotary.go has the feed, and login.go the token that it can ask for.
package fakenotary

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Change is a record of the feed.
type Change struct {
	ID        string
	CreatedAt time.Time
	GUN       string
	Version   int
	SHA256    string
	Category  string
}

// A Server serves a feed. Its exported fields are set before the first request.
type Server struct {
	*httptest.Server
	Instead  func(http.ResponseWriter, *http.Request) bool // answers in place of the feed when it returns true
	Password string                                        // of the user admin; empty: the feed is open to all
	HasRight bool                                          // of the tokens that it gives

	t       testing.TB
	mu      sync.Mutex
	uuids   bool
	made    int // changes so far
	changes []Change
	asked   []string
	tokens  int
}

// Begin is the time of the first change. Each other one is a second later.
var Begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Start starts a server that stops with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, HasRight: true}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/_trust/changefeed", s.feed)
	mux.HandleFunc("GET /auth/token", s.token)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// Config is the configuration of a registry msr.example.org with these lines, in which ADDRESS is the URL of the server.
func (s *Server) Config(lines string) string {
	return "registries:\n- name: hub\n  url: https://msr.example.org\n  " + strings.ReplaceAll(lines, "ADDRESS", s.URL) + "\n"
}

// SetUUIDs makes the IDs of later changes UUIDs. A change_id that is not in the feed is answered with 500 then.
func (s *Server) SetUUIDs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uuids = true
}

// Publish adds a change at the end of the feed.
func (s *Server) Publish(gun, category string) { s.PublishAt(gun, category, time.Time{}) }

// PublishAt adds a change that was made at a time; zero: a second after the one before.
func (s *Server) PublishAt(gun, category string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.IsZero() {
		at = Begin.Add(time.Duration(s.made) * time.Second)
	}
	s.made++
	id := strconv.Itoa(len(s.changes) + 1)
	if s.uuids {
		id = fmt.Sprintf("%08x-0000-4000-8000-%012d", uint32(s.made)*2654435761, s.made) // in no order
	}
	s.changes = append(s.changes, Change{ID: id, CreatedAt: at, GUN: gun, Category: category})
}

// Forget empties the feed, as a database that is made anew. Numbers begin at 1 again.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = nil
}

// Asked returns the queries since the last call, such as "-1 1": change_id and records.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// Tokens is how many tokens the server gave.
func (s *Server) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	if !s.isLetIn(w, r) {
		return
	}
	id, records := r.URL.Query().Get("change_id"), r.URL.Query().Get("records")
	n, err := strconv.Atoi(records)
	if id == "1" || err != nil || n < 1 || n > 1000 {
		s.t.Errorf("asked for change_id=%s and records=%s", id, records)
	}
	s.mu.Lock()
	s.asked = append(s.asked, id+" "+records)
	s.mu.Unlock()
	if s.Instead != nil && s.Instead(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page, refusal := s.page(id, n)
	if refusal != 0 {
		Refuse(w, refusal)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"count": len(page), "records": page})
}

// page returns the changes after the one with this ID, or the status of a refusal.
func (s *Server) page(id string, n int) (page []Change, refusal int) {
	if id == "-1" {
		return s.changes[max(0, len(s.changes)-n):], 0
	}
	number, err := strconv.Atoi(id)
	at := slices.IndexFunc(s.changes, func(c Change) bool { return c.ID == id })
	switch {
	case id == "0", at >= 0:
	case s.uuids:
		return nil, http.StatusInternalServerError
	case err != nil:
		return nil, http.StatusBadRequest
	case number > len(s.changes):
		return nil, 0
	}
	return s.changes[at+1 : min(at+1+n, len(s.changes))], 0
}

// Refuse answers with a status as Notary does.
func Refuse(w http.ResponseWriter, status int) {
	code := map[int]string{400: "INVALID_PARAMETERS", 401: "UNAUTHORIZED", 500: "UNKNOWN"}[status]
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"no","detail":{}}]}`, code)
}
