package alerts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const templateFile = "../alertmanager/registry.tmpl"

// Alerts in the form in which Alertmanager hands them to templates.
const (
	frontDown = `{"status": "firing", "startsAt": "2026-03-01T10:04:31+01:00", "labels": {"alertname": "RegistryDown", "severity": "critical"},
		"annotations": {"summary": "hub at eqiad: the front does not answer", "description": "Nobody can pull or push.",
		"runbook_url": "https://exporter.example.org/runbooks/RegistryDown", "dashboard": "/d/registry-one?var-registry=hub&var-site=eqiad"}}`
	pushFails = `{"status": "firing", "startsAt": "2026-03-01T09:10:00Z", "labels": {"alertname": "RegistryPushFails", "severity": "critical"},
		"annotations": {"summary": "hub at eqiad: nobody can push", "description": "Pulls work.",
		"runbook_url": "https://exporter.example.org/runbooks/RegistryPushFails", "dashboard": "https://grafana.example.org/d/registry-one"}}`
	over = `{"status": "resolved", "startsAt": "2026-03-01T08:00:00Z", "endsAt": "2026-03-01T08:07:00Z", "labels": {"alertname": "RegistryLoginFails"},
		"annotations": {"summary": "hub at eqiad: nobody is let in", "description": "Whom it hits.", "runbook_url": "https://exporter.example.org/runbooks/RegistryLoginFails"}}`
	stranger = `{"status": "firing", "startsAt": "2026-03-01T09:10:00Z", "labels": {"alertname": "DiskFull"}}`
)

// render returns the output of a template of the file for alerts.
func render(t *testing.T, file, name, status string, alerts ...string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(data, []byte(`{"status": "`+status+`", "alerts": [`+strings.Join(alerts, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, "amtool", "template", "render", "--template.glob="+file, "--template.data="+data, `--template.text={{ template "`+name+`" . }}`)
	return strings.TrimSuffix(out, "\n") // amtool adds a line feed
}

func TestTitle(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		alerts []string
		want   string
	}{
		"one alert":                    {"firing", []string{frontDown}, "hub at eqiad: the front does not answer"},
		"three alerts":                 {"firing", []string{frontDown, pushFails, stranger}, "hub at eqiad: the front does not answer (and 2 more)"},
		"one goes on, one is over":     {"firing", []string{over, pushFails}, "hub at eqiad: nobody can push"},
		"all are over":                 {"resolved", []string{over, over}, "Resolved: hub at eqiad: nobody is let in (and 1 more)"},
		"an alert that has no summary": {"firing", []string{stranger}, "DiskFull"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := render(t, templateFile, "registry.title", c.status, c.alerts...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	const (
		frontText = "hub at eqiad: the front does not answer\nNobody can pull or push.\nSince 2026-03-01 09:04 UTC\n" +
			"Runbook: https://exporter.example.org/runbooks/RegistryDown"
		pushText = "hub at eqiad: nobody can push\nPulls work.\nSince 2026-03-01 09:10 UTC\n" +
			"Runbook: https://exporter.example.org/runbooks/RegistryPushFails\nDashboard: https://grafana.example.org/d/registry-one"
		overText = "Resolved: hub at eqiad: nobody is let in\nFrom 2026-03-01 08:00 UTC to 2026-03-01 08:07 UTC"
	)
	for name, c := range map[string]struct {
		status string
		alerts []string
		want   string
	}{
		"a path of a dashboard, and no Grafana": {"firing", []string{frontDown}, frontText},
		"the address of a dashboard":            {"firing", []string{pushFails}, pushText},
		"two alerts":                            {"firing", []string{frontDown, pushFails}, frontText + "\n\n" + pushText},
		"one goes on, one is over":              {"firing", []string{over, frontDown}, frontText + "\n\n" + overText},
		"all are over":                          {"resolved", []string{over, over}, overText + "\n\n" + overText},
		"an alert that has no texts":            {"firing", []string{stranger}, "DiskFull\nSince 2026-03-01 09:10 UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := render(t, templateFile, "registry.text", c.status, c.alerts...); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestRunbookOfTheTitle(t *testing.T) {
	for status, want := range map[string]string{"firing": "RegistryPushFails", "resolved": "RegistryLoginFails"} {
		alerts := map[string][]string{"firing": {over, pushFails, frontDown}, "resolved": {over}}[status]
		if got := render(t, templateFile, "registry.runbook", status, alerts...); got != "https://exporter.example.org/runbooks/"+want {
			t.Errorf("%s: got %q, want the runbook of %s", status, got, want)
		}
	}
}

// TestGrafana sets the address of Grafana as the comments tell people to.
func TestGrafana(t *testing.T) {
	const unset = `{{ $grafana := "" -}}`
	text := read(t, templateFile)
	if strings.Count(text, unset) != 1 {
		t.Fatalf("%s is not there once", unset)
	}
	file := filepath.Join(t.TempDir(), "registry.tmpl")
	if err := os.WriteFile(file, []byte(strings.Replace(text, unset, `{{ $grafana := "https://grafana.example.org" -}}`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "\nDashboard: https://grafana.example.org/d/registry-one?var-registry=hub&var-site=eqiad"
	if got := render(t, file, "registry.text", "firing", frontDown); !strings.HasSuffix(got, want) {
		t.Errorf("got:\n%s\nwant the end:%s", got, want)
	}
}
