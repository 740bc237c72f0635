package harbor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/harbor/fakeharbor"
	"registry_exporter/collector/report"
)

// pushReport is what check says of a push to a healthy Harbor with an account that lacks a right.
func pushReport(t *testing.T, lacks string) (push *report.SourceReport, findings []*report.FindingReport) {
	t.Helper()
	harbor := fakeharbor.New("healthy")
	harbor.Lacks = lacks
	server := httptest.NewServer(harbor)
	defer server.Close()
	found, err := collectortest.Hub(t, server.URL, asClient).Check(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found.Registries[0].Sources {
		if s.Collector == "push" {
			push = s
		}
	}
	for _, f := range found.Registries[0].Findings {
		if f.Collector == "push" {
			findings = append(findings, f)
		}
	}
	return push, findings
}

// TestNoRightToCancel: a robot with pull and push alone cannot cancel an upload. No client does, so it is a note.
func TestNoRightToCancel(t *testing.T) {
	t.Parallel()
	push, findings := pushReport(t, http.MethodDelete)
	if push.Reason != "" || len(findings) > 0 {
		t.Errorf("the push fails: %s %s", push.Reason, push.Error)
	}
	last := push.Steps[len(push.Steps)-1]
	if last.Step != "cancel" || !strings.Contains(last.Note, "lack the right to delete") || !strings.Contains(last.Note, "no right to delete") {
		t.Errorf("%s: %s", last.Step, last.Note)
	}
}

// TestNoRightToPush: it is the account of the exporter, and the error names the right.
func TestNoRightToPush(t *testing.T) {
	t.Parallel()
	push, findings := pushReport(t, http.MethodPost)
	if !strings.Contains(push.Error, "no right to push") {
		t.Errorf("%s %s", push.Reason, push.Error)
	}
	if len(findings) != 1 || findings[0].Alert != "RegistryExporterCannotLook" {
		t.Errorf("%+v", findings)
	}
}
