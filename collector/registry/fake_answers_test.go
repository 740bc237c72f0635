package registry

import (
	"fmt"
	"net/http"
	"strings"
)

// refuseWith answers with an error of the registry API. detail is JSON.
func refuseWith(status int, code string, detail ...string) http.HandlerFunc {
	return respond(http.Header{"Content-Type": {"application/json"}}, status,
		fmt.Sprintf(`{"errors":[{"code":%q,"message":"as it happens","detail":%s}]}`, code, append(detail, "{}")[0]))
}

// respond gives every request the same answer.
func respond(header http.Header, status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// openRegistry answers as a registry without auth does.
func openRegistry(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	fmt.Fprint(w, "{}")
}

// bearerRegistry wants a token of realm, and takes any token.
func bearerRegistry(realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			openRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// refuse answers 401 to requests without right-password.
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

// answerToken gives everybody the token t.
func answerToken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"token":"t","access_token":"t","token_type":"Bearer"}`)
}
