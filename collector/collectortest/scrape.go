package collectortest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"registry_exporter/collector"
	"registry_exporter/collector/source"
)

// A Found has the samples of a scrape by name{label="value",…}. Labels are sorted by name; registry and site are left
// out.
type Found map[string]float64

// Scrape reads one collector of the registry hub.
func Scrape(t testing.TB, e *collector.Exporter, collector string) Found {
	t.Helper()
	status, text := Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]="+collector)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	all := Found{}
	for _, f := range parsePage(t, text) {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				if l.GetName() != "registry" && l.GetName() != "site" {
					labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
				}
			}
			all[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = valueOf(m)
		}
	}
	return all
}

func valueOf(m *dto.Metric) float64 {
	if m.Counter != nil {
		return m.Counter.GetValue()
	}
	return m.Gauge.GetValue()
}

// Value returns the value of the only sample whose name begins with prefix; ok is false when there is none.
func (f Found) Value(t testing.TB, prefix string) (value float64, ok bool) {
	t.Helper()
	for name, v := range f {
		if strings.HasPrefix(name, prefix) {
			if ok {
				t.Errorf("more than one sample begins with %s", prefix)
			}
			value, ok = v, true
		}
	}
	return value, ok
}

// WantSamples fails the test unless the scrape has one sample with each prefix, with this value.
func (f Found) WantSamples(t testing.TB, want map[string]float64) {
	t.Helper()
	for prefix, value := range want {
		if got, ok := f.Value(t, prefix); !ok || got != value {
			t.Errorf("%s: got %v (there: %t), want %v", prefix, got, ok, value)
		}
	}
}

// WantNone fails the test when a sample has one of the prefixes.
func (f Found) WantNone(t testing.TB, prefixes ...string) {
	t.Helper()
	for _, prefix := range prefixes {
		if v, ok := f.Value(t, prefix); ok {
			t.Errorf("%s: got %v, want no sample", prefix, v)
		}
	}
}

// WantReason fails the test unless the only source of the scrape failed for the reason, or, with an empty reason, did not
// fail.
func (f Found) WantReason(t testing.TB, want string) {
	t.Helper()
	got := ""
	for name := range f {
		if rest, is := strings.CutPrefix(name, "registry_collector_failure{"); is {
			_, rest, _ = strings.Cut(rest, `reason="`)
			got = strings.TrimSuffix(rest, `"}`)
		}
	}
	if got != want {
		t.Errorf("reason: got %q, want %q", got, want)
	}
	f.WantSamples(t, map[string]float64{"registry_collector_success{": source.Bool01(want == "")})
}
