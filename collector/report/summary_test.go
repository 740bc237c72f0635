package report

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// TestSummaryNamesAllThatFails: the summary names each source that it counts, or says how many more there are.
func TestSummaryNamesAllThatFails(t *testing.T) {
	failed := func(collector, address, reason string) *SourceReport {
		return &SourceReport{Collector: collector, Address: address, Reason: reason, State: source.StateFailed}
	}
	finding := func(collector, address, reason string, state source.State, order int) *FindingReport {
		return &FindingReport{Registry: "hub", Collector: collector, Address: address, Reason: reason, State: state, order: order}
	}
	r := &Report{Registries: []*RegistryReport{{
		Registry: "hub",
		Sources: []*SourceReport{
			failed("api", "10.0.0.1:443", "refused"), failed("api", "10.0.0.2:443", "refused"),
			failed("redis", "10.0.0.3:6379", "timeout"), failed("swift", "10.0.0.4:443", "dns"),
			{Collector: "nginx", Address: "10.0.0.5:80", State: source.StateOK},
		},
		Findings: []*FindingReport{
			finding("swift", "10.0.0.4:443", "dns", source.StateFailed, 1),
			finding("api", "10.0.0.1:443", "refused", source.StateFailed, 2), finding("api", "10.0.0.2:443", "refused", source.StateFailed, 2),
			finding("redis", "10.0.0.3:6379", "timeout", source.StateWarning, 3),
		},
	}}}
	r.Summarize()
	if want := "1 registry, 5 checks, 4 failed: hub swift dns, hub api refused (2), hub redis timeout"; r.Summary != want {
		t.Errorf("got %q, want %q", r.Summary, want)
	}
	for _, collector := range strings.Fields("a b c") {
		r.Registries[0].Sources = append(r.Registries[0].Sources, failed(collector, "10.0.0.6:1", "dns"))
	}
	r.Summarize()
	if want := " and 1 more"; !strings.HasSuffix(r.Summary, want) {
		t.Errorf("got %q", r.Summary)
	}
}
