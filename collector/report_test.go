package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest/golden"
	"registry_exporter/collector/report"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// reportOf makes the report of a case. add are results of sources that the configuration does not have. The second result
// is a function that writes names in place of paths that differ from run to run.
func reportOf(t *testing.T, text string, w world, add []source.Result) (*report.Report, func(string) string) {
	t.Helper()
	ca := testserver.NewAuthority(t, "CA", nil).File(t)
	key := testserver.TempFile(t, "key", []byte("swift-key-of-eqiad"))
	e := newTestExporter(t, strings.NewReplacer("CAFILE", ca, "KEYFILE", key).Replace(withAll(text)))
	r := e.live.Load().registries[0]
	var results []source.Result
	for _, s := range r.sources {
		if s.Probe == nil && s.Companion == nil {
			results = append(results, w.read(t, s))
		}
	}
	for _, res := range add {
		s := &source.Source{Collector: res.Source.Collector, Address: res.Source.Address, Probe: res.Source.Probe}
		for _, known := range r.sources {
			if known.Collector == s.Collector && (known.Address == s.Address || s.Words.Place == nil) {
				s.Words = known.Words
			}
		}
		res.Source = s
		results = append(results, res)
	}
	found := &report.Report{Registries: []*report.RegistryReport{r.report(results, reportTime)}, Time: reportTime}
	found.Summarize()
	return found, func(text string) string {
		return strings.NewReplacer(ca, "/etc/ssl/hub-ca.pem", key, "/run/secrets/swift").Replace(text)
	}
}

// read returns the result that w has for a source.
func (w world) read(t *testing.T, s *source.Source) source.Result {
	t.Helper()
	said, found := w[s.Collector+" "+s.Address]
	if !found {
		t.Fatalf("the world says nothing of %s %s", s.Collector, s.Address)
	}
	s.Read = func(context.Context) ([]source.Sample, error) { return slices.Clone(said.samples), said.err }
	res := s.Get(t.Context(), time.Minute)
	res.Duration = readingTime
	return res
}

func TestReports(t *testing.T) {
	for _, c := range reportCases {
		t.Run(c.name, func(t *testing.T) {
			report, named := reportOf(t, c.configuration(), c.world(), c.add)
			var out bytes.Buffer
			if err := report.WriteText(&out, false); err != nil {
				t.Fatal(err)
			}
			compareReport(t, c.name+".txt", named(out.String()))
			if c.json {
				text, err := json.MarshalIndent(report, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				compareReport(t, c.name+".json", named(string(text))+"\n")
			}
		})
	}
}

// canaryRefused returns the error of a real replication at hub@eqiad while nobody listens at codfw.
func canaryRefused(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPatch: // a chunk, or all of a blob
			w.Header().Set("Location", r.URL.Path)
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodPost: // begins an upload
			w.Header().Set("Location", r.URL.Path+"1")
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodPut: // a blob or a manifest
			if strings.Contains(r.URL.Path, "/manifests/") { // the run asks codfw next, and then waits
				time.AfterFunc(700*time.Millisecond, cancel)
			}
			w.WriteHeader(http.StatusCreated)
		default: // no canary was pushed before
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer front.Close()
	e := newTestExporter(t, configOfHub(front.URL, "  site: eqiad\n  replication: {canary: monitoring/canary}\n")+
		"- {name: hub, site: codfw, url: 'http://127.0.0.1:1'}\n")
	return e.live.Load().registries[0].first(t, "replication").Probe.Run(ctx).Err
}

// A retold error is an error with another text.
type retold struct {
	error
	text string
}

func (r retold) Error() string { return r.text }
func (r retold) Unwrap() error { return r.error }

func TestReportOfASiteThatCannotBeAskedForTheCanary(t *testing.T) {
	t.Parallel()
	err := canaryRefused(t)
	if source.Reason(err) != source.ReasonRefused {
		t.Fatalf("the replication has the error %v", err)
	}
	found, named := reportOf(t, reportConfig, healthyWorld(), []source.Result{ran("replication", atFront, source.Run{
		Err:   retold{err, nobodyListens().Error()},
		Steps: []source.Step{{Name: "at codfw", Err: nobodyListens()}},
	})})
	var out bytes.Buffer
	if err := found.WriteText(&out, false); err != nil {
		t.Fatal(err)
	}
	compareReport(t, "another_site_cannot_be_asked_for_the_canary.txt", named(out.String()))
}

// A check that was interrupted has not shown that everything works.
func TestReportOfAnInterruptedCheckHasFailed(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			interrupt()
			testserver.Hang(w, r)
			return
		}
		testserver.OpenRegistry(w, r)
	}))
	defer server.Close()
	e := exporterOfHub(t, server.URL, "  pull: {images: [\"library/base:1.0\"]}\n")
	r := e.live.Load().registries[0]
	r.sources = []*source.Source{r.first(t, "pull")}
	report, err := e.Check(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Failed() || report.Summary != "1 registry, 1 check, 0 failed, 1 not run yet" {
		t.Errorf("failed is %t: %s", report.Failed(), report.Summary)
	}
	if ctx.Err() == nil {
		t.Error("no manifest was asked for")
	}
}

var control = regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x9f\x{202a}-\x{202e}]|password|swift-key`)

// compareReport compares a report with its golden file. The report must have no secret, and no character that harms a
// terminal.
func compareReport(t *testing.T, name, got string) {
	t.Helper()
	golden.CompareText(t, filepath.Join("testdata", "check", name), got)
	if found := control.FindString(strings.ReplaceAll(strings.ReplaceAll(got, "password is", ""), "password_file", "")); found != "" {
		t.Errorf("%s holds %q", name, found)
	}
}
