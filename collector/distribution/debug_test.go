package distribution

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestDebugFacts(t *testing.T) {
	for want, s := range map[string]said{
		"Distribution 2": {version: "2"},
		"Distribution 3, 2 webhooks, 80 events wait for gone": {version: "3", webhooks: []webhook{{name: "good"}, {name: "gone", pending: 80}}},
		"1 webhook": {webhooks: []webhook{{name: "good"}}},
		"Distribution 3, 80 % of the requests for blobs from the cache": {version: "3", lookups: []lookup{{"blob", 20, 16, 4}, {"manifest", 0, 0, 0}}},
	} {
		if got := strings.Join(debugFacts(nil, source.Result{Samples: s.samples(testAddress)}), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := strings.Join(debugFacts(nil, source.Result{}), ", "); got != "tells nothing of webhooks: it serves neither /metrics nor /debug/vars to us" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestDebugFindings(t *testing.T) {
	for pending, want := range map[float64]string{0: "", 100: "", 101: "RegistryWebhookBehind", 1000: "RegistryWebhookBehind", 1001: "RegistryWebhookFarBehind"} {
		s := said{webhooks: []webhook{{name: "gone", pending: pending}}}
		res := source.Result{Source: &source.Source{Address: testAddress}, Samples: s.samples(testAddress)}
		var alerts []string
		for _, f := range debugFindings(nil, res) {
			alerts = append(alerts, f.Alert)
			if !strings.Contains(f.What, " for gone, and are lost") || !strings.HasSuffix(f.Try, "# on 10.0.0.1") {
				t.Errorf("%q, try %q", f.What, f.Try)
			}
		}
		if got := strings.Join(alerts, ","); got != want {
			t.Errorf("%v events wait: alert %q, want %q", pending, got, want)
		}
	}
}

// Whatever a debug server says, the numbers are none below 0, and an error quotes nothing.
func FuzzDebug(f *testing.F) {
	files, err := filepath.Glob("testdata/debug/*/*.[hj]*")
	if err != nil || len(files) == 0 {
		f.Fatal("no answers", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, found := strings.Cut(string(text), "\n\n")
		if !found {
			body = string(text)
		}
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte) (said, error){fromVars, fromMetrics} {
			s, err := read(body)
			if err != nil && source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("reason is %q: %v", source.Reason(err), err)
			}
			seen := map[uint64]bool{}
			for _, one := range s.samples(testAddress) {
				if one.Value < 0 || seen[one.Key()] {
					t.Errorf("%s%q is %v, or there twice", one.Metric.Name, one.Labels, one.Value)
				}
				seen[one.Key()] = true
			}
			if !slices.Contains([]string{"", "2", "3"}, s.version) || err != nil && len(seen) > 0 {
				t.Errorf("version %q, %d samples beside %v", s.version, len(seen), err)
			}
		}
	})
}
