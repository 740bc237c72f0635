package testserver

import (
	"fmt"
	"net/http"
	"strings"
)

// OpenRegistry answers as a registry without auth does.
func OpenRegistry(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	fmt.Fprint(w, "{}")
}

// BearerRegistry answers as a registry that wants a token of realm, and takes any token.
func BearerRegistry(realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			OpenRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}
