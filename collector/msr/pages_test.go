package msr_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/testserver"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func TestPages(t *testing.T) {
	for _, name := range []string{"msr", "ping"} {
		t.Run(name, func(t *testing.T) {
			collectortest.Pages(t, collectortest.Collector{
				Name:    name,
				Config:  "  msr:\n",
				Answers: map[string]string{"/api/v0/meta/cluster_status": "cluster_status", "/_ping": "ping"},
			})
		})
	}
	const app = "/api/v0/repositories/team/app"
	t.Run("msr_mirrors", func(t *testing.T) {
		collectortest.Pages(t, collectortest.Collector{
			Name: "msr_mirrors", Probe: true,
			Answers: map[string]string{app + "/pollMirroringPolicies": "poll", app + "/pushMirroringPolicies": "push", "/api/v0/repositories/team": "namespace"},
		})
	})
	t.Run("msr_repositories", func(t *testing.T) {
		collectortest.Pages(t, collectortest.Collector{
			Name: "msr_repositories", Probe: true, Config: "  msr: {jobs: {every: 0s}, repositories: [team/app]}\n", Answers: map[string]string{app: "repository"},
		})
	})
	t.Run("msr_jobs", func(t *testing.T) {
		collectortest.Pages(t, collectortest.Collector{
			Name: "msr_jobs", Probe: true,
			Config: "  msr: {jobs: {every: 2s}}\n",
			Answers: map[string]string{
				"/api/v0/jobs": "jobs", "/api/v0/workers": "workers", "/api/v0/crons": "crons", "/api/v0/imagescan/status": "scanner", "/ca": "ca",
			},
		})
	})
}

// TestPageAfterTwoReadings: what failed between the two is counted.
func TestPageAfterTwoReadings(t *testing.T) {
	answers := map[string]string{
		"/api/v0/workers": `{"workers":[]}`, "/api/v0/crons": `{"crons":[]}`, "/api/v0/imagescan/status": `{"db_updated_at":null}`,
		"/ca": caOf(t, testserver.NewAuthority(t, "CA", nil)),
	}
	old := `{"id":"1","action":"onlinegc","status":"error","scheduledAt":"2017-02-17T03:00:00Z"},{"id":"2","action":"onlinegc","status":"done","scheduledAt":"2017-02-16T03:00:00Z"}`
	var readings atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch body, found := answers[r.URL.Path]; {
		case found:
			_, _ = w.Write([]byte(body))
		case readings.Add(1) == 1:
			_, _ = w.Write([]byte(`{"jobs":[` + old + `]}`))
		default:
			_, _ = w.Write([]byte(`{"jobs":[{"id":"3","action":"onlinegc","status":"timeout","scheduledAt":"2017-02-18T03:00:00Z"},` + old + `]}`))
		}
	}))
	defer server.Close()
	e := collectortest.Hub(t, server.URL, "  msr: {jobs: {every: 2s}}\n")
	e.Start()
	defer e.StopProbes()
	const counter = "registry_msr_job_failures_total"
	testserver.WaitUntil(t, "failures are counted", func() bool {
		_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=msr_jobs")
		return strings.Contains(page, counter)
	})
	page := collectortest.Page(t, e, "msr_jobs", nil)
	families, err := page.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var counted []*dto.MetricFamily
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "registry_msr_job_") {
			counted = append(counted, f)
		}
	}
	collectortest.ComparePage(t, filepath.Join("testdata", "msr_jobs_twice", "two_readings"),
		prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return counted, nil }))
}

// caOf is the certificate of an authority in PEM.
func caOf(t *testing.T, ca *testserver.Authority) string {
	t.Helper()
	text, err := os.ReadFile(ca.File(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPageOfTheCA: MSR hands out the CA that signed what it serves.
func TestPageOfTheCA(t *testing.T) {
	end := time.Date(2126, 3, 1, 12, 0, 0, 0, time.UTC)
	ca := testserver.NewAuthority(t, "CA", nil, testserver.Valid(time.Now().Add(-time.Hour), end))
	text := caOf(t, ca)
	server := testserver.Showing(t, ca.Issue(t, testserver.ForNames("127.0.0.1")), func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]string{"/ca": text, "/api/v0/jobs": `{"jobs":[]}`, "/api/v0/workers": `{"workers":[]}`, "/api/v0/crons": `{"crons":[]}`, "/api/v0/imagescan/status": `{"db_updated_at":null}`}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	})
	e := collectortest.Hub(t, server.URL, "  http: {tls_config: {ca_file: "+ca.File(t)+"}}\n  msr: {jobs: {every: 2s}}\n")
	collectortest.RunProbe(t, e, "msr_jobs")
	families, err := collectortest.Page(t, e, "msr_jobs", nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	families = slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return !strings.HasPrefix(f.GetName(), "registry_msr_ca_") })
	collectortest.ComparePage(t, filepath.Join("testdata", "msr_jobs_tls", "ca"), prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil }))
}
