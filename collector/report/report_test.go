package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reportOf is the report about a registry hub with these results.
func reportOf(results ...source.Result) *Report {
	s := Subject{Name: "hub", Site: "eqiad", URL: "https://registry.example.org", Mask: source.NewMask("registry-password")}
	r := &Report{Registries: []*RegistryReport{s.Report(&source.View{Now: time.Now(), Results: results})}}
	r.Summarize()
	return r
}

func result(collector string, err error) source.Result {
	return source.Result{Source: &source.Source{Collector: collector, Address: "10.0.0.5:5000"}, Err: err, Duration: 34 * time.Millisecond}
}

func textOf(t *testing.T, r *Report, colour bool) string {
	t.Helper()
	var text bytes.Buffer
	if err := r.WriteText(&text, colour); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestSecretsOfASourceAreMasked: every text of a report goes through the mask, whoever wrote it.
func TestSecretsOfASourceAreMasked(t *testing.T) {
	res := result("api", errors.New("the server says registry-password"))
	res.Source.Address = "registry-password:1"
	res.Source.Words = source.Words{
		Facts: func(*source.View, source.Result) []string { return []string{"registry-password"} },
		Findings: func(*source.View, source.Result) []source.Finding {
			return []source.Finding{{State: source.StateWarning, What: "registry-password", Try: "curl registry-password"}}
		},
	}
	res.Source.Probe = &source.Probe{Every: time.Minute}
	res.Last = source.Run{Steps: []source.Step{{Name: "registry-password", Note: "registry-password", Err: errors.New("registry-password")}}}
	text := textOf(t, reportOf(res), false)
	if strings.Contains(text, "registry-password") || strings.Count(text, "<secret>") < 7 {
		t.Error(text)
	}
}

// TestEachReplicaTellsTheSame: a finding that two sources share stands there once.
func TestEachReplicaTellsTheSame(t *testing.T) {
	one, two := result("msr", nil), result("msr", nil)
	for _, res := range []source.Result{one, two} {
		res.Source.Words.Findings = func(*source.View, source.Result) []source.Finding {
			return []source.Finding{{State: source.StateWarning, Alert: "MSRReadOnly", What: "a replica is read-only"}}
		}
	}
	r := reportOf(one, two)
	if found := r.Registries[0].Findings; len(found) != 1 || r.Summary != "1 registry, 2 checks, 0 failed, 2 warnings" {
		t.Errorf("%d findings, %s", len(found), r.Summary)
	}
}

func TestColoursOfText(t *testing.T) {
	r := reportOf(result("api", nil), result("redis", source.Failed(source.ReasonNoSpace, "full")))
	coloured := textOf(t, r, true)
	for _, want := range []string{green + "✓" + reset + " api", red + "✗" + reset + " redis", red + "no_space" + reset, bold + "First:" + reset} {
		if !strings.Contains(coloured, want) {
			t.Errorf("no %q in\n%s", want, coloured)
		}
	}
	if plain := textOf(t, r, false); strings.Contains(plain, "\x1b") {
		t.Error(plain)
	}
}

// A fullDisk refuses every byte.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestTextThatCannotBeWritten(t *testing.T) {
	if err := reportOf(result("api", nil)).WriteText(fullDisk{}, false); err == nil {
		t.Error("no error")
	}
}
