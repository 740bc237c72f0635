package standin

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/registry"
)

// tokenAuth is a registry in memory that wants a bearer token, with its token server.
type tokenAuth struct {
	monitor  *secret
	admin    *secret
	token    string // the token that the registry takes
	catalog  string // the token of an admin that is good for registry:catalog:*
	useless  string // the token that a wrong password gets, which has no right
	registry http.Handler
}

func newTokenAuth(monitor, admin *secret) *tokenAuth {
	return &tokenAuth{monitor: monitor, admin: admin, token: rand.Text(), catalog: rand.Text(), useless: rand.Text(), registry: registry.New(quietRegistry)}
}

func (t *tokenAuth) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", t.v2)
	mux.HandleFunc("GET /auth/token", t.give)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { loginPage(w) })
	return mux
}

func (t *tokenAuth) v2(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "Bearer "+t.token {
		t.registry.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s/auth/token",service=%q`, r.Host, r.Host))
	apiError(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}

func (t *tokenAuth) give(w http.ResponseWriter, r *http.Request) {
	token := t.useless
	switch {
	case r.URL.Query().Get("scope") == catalogScope && t.admin.letsIn(r, "admin"):
		token = t.catalog
	case t.monitor.letsIn(r, "monitor"):
		token = t.token
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token":%q,"access_token":%q,"expires_in":300}`, token, token)
}

const catalogScope = "registry:catalog:*"

// isAdmin says whether the request has the token of an admin. Else it answers 401, as Notary does.
func (t *tokenAuth) isAdmin(w http.ResponseWriter, r *http.Request) bool {
	given := r.Header.Get("Authorization")
	if given == "Bearer "+t.catalog {
		return true
	}
	challenge := fmt.Sprintf(`Bearer realm="https://%s/auth/token",service=%q,scope=%q`, r.Host, r.Host, catalogScope)
	if given != "" {
		challenge += `,error="insufficient_scope"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	apiError(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}
