package ask

import (
	"strings"
	"testing"

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
		{403, `{"errors":[{"code":"NOT_AUTHORIZED"}]}`, source.ReasonForbidden, "status 403 NOT_AUTHORIZED"},
		{404, `<html>`, source.ReasonNotFound, "status 404"},
		{407, ``, source.ReasonClientError, "status 407"},
		{413, ``, source.ReasonNoSpace, "status 413"},
		{429, ``, source.ReasonRateLimited, "status 429"},
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
