package harbor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/harbor/fakeharbor"
	"registry_exporter/collector/source"
)

// TestNoPasswordWithoutTheDatabase: Harbor would refuse it, and it would not be sent again for hours.
func TestNoPasswordWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	e, _, harbor := start(t, "postgres_stopped", withAccount)
	collectortest.Scrape(t, e, "harbor").WantReason(t, source.ReasonComponentUnhealthy)
	collectortest.RunProbe(t, e, "harbor_jobs")
	if asked := harbor.Asked(); len(asked) > 0 {
		t.Errorf("asked with the password: %q", asked)
	}
}

// TestPasswordIsSentAgain: without its database Harbor refuses the right password, too. Once the database is back, it is sent again at
// once, and not after the hours that a wrong one has to wait.
func TestPasswordIsSentAgain(t *testing.T) {
	t.Parallel()
	e, _, harbor := start(t, "postgres_stopped", withAccount+"  http: {basic_auth: {username: '"+fakeharbor.User+"', password: "+fakeharbor.Password+"}}\n")
	collectortest.Scrape(t, e, "harbor").WantReason(t, source.ReasonComponentUnhealthy)
	collectortest.Scrape(t, e, "api").WantReason(t, source.ReasonUnauthorized)
	harbor.Set("healthy")
	collectortest.Scrape(t, e, "api").WantReason(t, source.ReasonUnauthorized)
	collectortest.Scrape(t, e, "harbor").WantReason(t, "")
	collectortest.Scrape(t, e, "api").WantReason(t, "")
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	e, _, _ := start(t, "healthy", strings.Replace(withAccount, fakeharbor.Password, "wrongwrong", 1))
	page := collectortest.Scrape(t, e, "harbor")
	page.WantReason(t, source.ReasonUnauthorized)
	page.WantSamples(t, map[string]float64{"registry_harbor_healthy{": 1})
	page.WantNone(t, "registry_harbor_info{")
}

// TestRightIsLacking: what the account may not read is left out, and the error names the right.
func TestRightIsLacking(t *testing.T) {
	for path, right := range map[string]string{
		"jobservice/queues": "Job Service Monitor: list", "system/gc/schedule": "Garbage Collection: read", "registries": "Registry: list",
		"replication/policies": "Replication Policy: list", "replication/executions": "Replication: list", "quotas": "Quota: list",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			healthy := fakeharbor.New("healthy")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v2.0/"+path {
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprint(w, `{"errors":[{"code":"FORBIDDEN","message":"forbidden"}]}`)
					return
				}
				healthy.ServeHTTP(w, r)
			}))
			defer server.Close()
			e := collectortest.Hub(t, server.URL, withAccount)
			collector := "harbor"
			if strings.HasPrefix(path, "replication") || path == "quotas" {
				collector = "harbor_jobs"
				collectortest.RunProbe(t, e, collector)
			}
			collectortest.Scrape(t, e, collector).WantReason(t, source.ReasonForbidden)
			_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&debug=true&collect[]="+collector)
			if !strings.Contains(page, right) {
				t.Errorf("the log does not name %q:\n%s", right, page)
			}
		})
	}
}
