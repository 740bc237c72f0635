package notices

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

const sent = `{"version": "4", "receiver": "page", "status": "firing", "alerts": [
  {"status": "firing", "labels": {"alertname": "RegistryDown", "severity": "critical", "registry": "hub"},
   "annotations": {"summary": "hub: the front is down", "description": "Nobody can pull.\nReason: refused.", "runbook_url": "http://localhost:10500/runbooks/RegistryDown"}},
  {"status": "resolved", "labels": {"alertname": "RegistryCacheDown", "severity": "warning"}, "annotations": {"summary": "hub: the cache is down", "description": "Slower."}}
]}`

const shown = `TIME firing to page: critical RegistryDown: hub: the front is down
         Nobody can pull.
         Reason: refused.
         http://localhost:10500/runbooks/RegistryDown
TIME resolved to page: warning RegistryCacheDown: hub: the cache is down
`

func TestAlertsAreShown(t *testing.T) {
	var out bytes.Buffer
	if status := post(&out, sent); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if got := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d`).ReplaceAllString(out.String(), "TIME"); got != shown {
		t.Errorf("shown:\n%s\nwant:\n%s", got, shown)
	}
}

func TestWhatIsNotAMessageIsRefused(t *testing.T) {
	for name, body := range map[string]string{"not JSON": "<html>", "too large": `{"receiver": "` + strings.Repeat("x", maxBody) + `"}`} {
		var out bytes.Buffer
		if status := post(&out, body); status != http.StatusBadRequest || out.Len() > 0 {
			t.Errorf("%s: status %d, shown %q", name, status, out.String())
		}
	}
}

func TestHealthOfTheReceiver(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(&bytes.Buffer{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/healthy", nil))
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func post(out *bytes.Buffer, body string) (status int) {
	w := httptest.NewRecorder()
	Handler(out).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/registry", strings.NewReader(body)))
	return w.Code
}
