package ask

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"registry_exporter/collector/source"
)

func TestRefusal(t *testing.T) {
	const healthCheck = `{"errors":[{"code":"UNAVAILABLE","message":"service unavailable","detail":"health check failed: please see /debug/health"}]}`
	for _, c := range []struct {
		status             int
		body, reason, text string
	}{
		{401, ``, source.ReasonUnauthorized, "status 401"},
		{401, `{"errors":[{"code":"UNAUTHORIZED"}]}`, source.ReasonUnauthorized, "status 401 UNAUTHORIZED"},
		{401, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized to access repository: a/b, action: push: unauthorized to access repository: a/b, action: push"}]}`, source.ReasonUnauthorized, "status 401 UNAUTHORIZED: no right to push"},
		{401, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized to access repository: a/b, action: hunter2"}]}`, source.ReasonUnauthorized, "status 401 UNAUTHORIZED"},
		{403, `{"errors":[{"code":"NOT_AUTHORIZED"}]}`, source.ReasonForbidden, "status 403 NOT_AUTHORIZED"},
		{404, `<html>`, source.ReasonNotFound, "status 404"},
		{407, ``, source.ReasonClientError, "status 407"},
		{413, ``, source.ReasonNoSpace, "status 413"},
		{429, ``, source.ReasonRateLimited, "status 429"},
		{498, ``, source.ReasonRateLimited, "status 498"}, // Swift
		{500, `{"errors":[{"code":"a word of its own"}]}`, source.ReasonServerError, "status 500"},
		{500, `{"errors":[{"code":5},{"code":"UNKNOWN"}]}`, source.ReasonServerError, "status 500 UNKNOWN"},
		{500, `{"errors":[{"code":"` + strings.Repeat("A", 41) + `"}]}`, source.ReasonServerError, "status 500"},
		{500, `{"errors":{"code":"UNKNOWN"}}`, source.ReasonServerError, "status 500"},
		{503, healthCheck, source.ReasonHealthCheckFailed, "status 503 UNAVAILABLE"},
		{502, healthCheck, source.ReasonServerError, "status 502 UNAVAILABLE"},
		{503, `health check failed`, source.ReasonUnavailable, "status 503"},
		{507, ``, source.ReasonNoSpace, "status 507"},
		{302, ``, source.ReasonRedirected, "status 302"},
		{204, ``, source.ReasonBadAnswer, "status 204"},
		{101, ``, source.ReasonBadAnswer, "status 101"},
	} {
		err := (&Answer{Status: c.status, Body: []byte(c.body)}).Refusal()
		if source.Reason(err) != c.reason || err.Error() != c.text {
			t.Errorf("%d %s: got %q, reason %s, want %q, %s", c.status, c.body, err, source.Reason(err), c.text, c.reason)
		}
	}
}

func TestErrorOfARegistry(t *testing.T) {
	for _, c := range []struct{ name, body, code, detail string }{
		{"code and detail", `{"errors":[{"code":"UNAVAILABLE","message":"x","detail":"health check failed: x"}]}`, "UNAVAILABLE", "health check failed: x"},
		{"detail an object", `{"errors":[{"detail":{"name":"a"},"code":"NAME_UNKNOWN"}]}`, "NAME_UNKNOWN", ""},
		{"detail null", `{"errors":[{"code":"UNAUTHORIZED","detail":null}]}`, "UNAUTHORIZED", ""},
		{"code a number", `{"errors":[{"code":404,"detail":"x"}]}`, "", "x"},
		{"code a sentence", `{"errors":[{"code":"it failed","detail":"x"}]}`, "", "x"},
		{"code too long", `{"errors":[{"code":"` + strings.Repeat("A", 41) + `"}]}`, "", ""},
		{"several", `{"errors":[{"message":"x"},{"code":"DENIED"},{"code":"UNKNOWN","detail":"y"}]}`, "DENIED", "y"},
		{"one that is odd among them", `{"errors":["x",{"code":"DENIED"}]}`, "DENIED", ""},
		{"more than are read", `{"errors":[` + strings.Repeat(`{},`, 16) + `{"code":"DENIED"}]}`, "", ""},
		{"something behind the end", `{"errors":[{"code":"DENIED"}]}{"errors":[]}`, "DENIED", ""},
		{"errors an object", `{"errors":{"code":"DENIED"}}`, "", ""},
		{"a list", `[{"code":"DENIED"}]`, "", ""},
		{"truncated", `{"errors":[{"code":"DENIED"}`, "", ""},
		{"HTML", `<html>`, "", ""},
		{"nothing", ``, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, detail := RegistryError([]byte(c.body)); code != c.code || detail != c.detail {
				t.Errorf("code %q, detail %q; want %q, %q", code, detail, c.code, c.detail)
			}
		})
	}
}

func FuzzRegistryError(f *testing.F) {
	addAnswers(f, "../registry/testdata/api/*/*.http")
	f.Fuzz(func(t *testing.T, body []byte) {
		code, detail := RegistryError(body)
		if len(code) > 40 || strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
			t.Errorf("code %q", code)
		}
		if !utf8.ValidString(detail) {
			t.Errorf("detail %q is not UTF-8", detail)
		}
		wantReason(t, (&Answer{Status: http.StatusTeapot, Body: body}).Refusal(), source.ReasonClientError)
	})
}
