package fakeharbor

import (
	"io"
	"net/http"
	"strings"
)

// The words of Harbor's errors, as they were recorded.
const (
	unauthorized   = `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized: unauthorized"}]}`
	noDatabase     = "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"failed to connect to `user=postgres database=registry`: 127.0.0.1:36432 (127.0.0.1): dial error: dial tcp 127.0.0.1:36432: connect: connection refused\"}]}"
	noRight        = `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized to access repository: monitoring/canary, action: ACTION: unauthorized to access repository: monitoring/canary, action: ACTION"}]}`
	internalError  = `{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}`
	readOnly       = `{"errors":[{"code":"DENIED","message":"The system is in read only mode. Any modification is prohibited."}]}`
	badGateway     = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	token          = `{"token":"x.y.z","access_token":"","expires_in":1800,"issued_at":"2026-11-28T18:34:03Z"}`
	bearerOfTokens = "Bearer x.y.z"
)

// serveV2 answers /v2/ and the token service.
func (s *Server) serveV2(w http.ResponseWriter, r *http.Request, state string) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<20))
	hasToken := r.Header.Get("Authorization") == bearerOfTokens
	switch {
	case state == "core_stopped":
		gone(w)
	case strings.HasPrefix(r.URL.Path, "/service/token"):
		serveToken(w, r, state)
	case !strings.HasPrefix(r.URL.Path, "/v2/"):
		http.NotFound(w, r)
	case !hasToken:
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/service/token",service="harbor-registry"`)
		say(w, http.StatusUnauthorized, unauthorized)
	case r.URL.Path == "/v2/":
		say(w, http.StatusOK, "{}")
	case r.Method == s.Lacks:
		w.Header().Set("WWW-Authenticate", `Basic realm="harbor"`)
		say(w, http.StatusUnauthorized, strings.ReplaceAll(noRight, "ACTION", map[string]string{http.MethodDelete: "delete", http.MethodPost: "push"}[s.Lacks]))
	case state == "registry_stopped":
		gone(w)
	case state == "postgres_stopped" && r.Method != http.MethodPost:
		w.Header().Set("WWW-Authenticate", "")
		say(w, http.StatusUnauthorized, noDatabase)
	case state == "postgres_stopped":
		say(w, http.StatusInternalServerError, internalError)
	default:
		serveUpload(w, r, state)
	}
}

func gone(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	say(w, http.StatusBadGateway, badGateway)
}

// serveToken gives a token. Without the database it does so for a scope, and refuses a login.
func serveToken(w http.ResponseWriter, r *http.Request, state string) {
	if state == "postgres_stopped" && r.URL.Query().Get("scope") == "" || state != "postgres_stopped" && !hasLogin(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	say(w, http.StatusOK, token)
}

// serveUpload takes an upload. Where Redis takes no writes, Harbor fails at the first bytes.
func serveUpload(w http.ResponseWriter, r *http.Request, state string) {
	fails := state == "redis_full" || state == "redis_stopped"
	at := "http://" + r.Host + r.URL.Path
	switch {
	case state == "read_only" && r.Method != http.MethodGet && r.Method != http.MethodHead:
		say(w, http.StatusForbidden, readOnly)
	case r.Method == http.MethodPost:
		w.Header().Set("Location", at+"1")
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPatch && fails:
		say(w, http.StatusInternalServerError, internalError)
	case r.Method == http.MethodPatch:
		w.Header().Set("Location", at)
		w.Header().Set("Range", "0-63")
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodDelete && fails:
		say(w, http.StatusNotFound, `{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid"}]}`)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		say(w, http.StatusNotFound, `{"errors":[{"code":"NOT_FOUND","message":"not found"}]}`)
	}
}
