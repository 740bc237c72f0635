package fakenotary

import (
	"fmt"
	"net/http"
)

// token gives everybody a token. The token of the user admin, with the password, opens the feed if it was asked for with the scope of the feed.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	good := user == "admin" && password == s.Password && r.URL.Query().Get("scope") == "registry:catalog:*" && s.HasRight
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	fmt.Fprintf(w, `{"token":"%t","expires_in":300}`, good)
}

// isLetIn says whether the request carries a token that is good for the feed, if it needs one. Else it answers 401.
func (s *Server) isLetIn(w http.ResponseWriter, r *http.Request) bool {
	if s.Password == "" || r.Header.Get("Authorization") == "Bearer true" {
		return true
	}
	challenge := fmt.Sprintf(`Bearer realm="%s/auth/token",service="notary",scope="registry:catalog:*"`, s.URL)
	if r.Header.Get("Authorization") != "" {
		challenge += `,error="insufficient_scope"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	Refuse(w, http.StatusUnauthorized)
	return false
}
