package swift

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// testSources has the sources of a registry by their collector.
type testSources map[string]*source.Source

// newSources builds the sources of the first registry of a configuration, as an exporter does.
func newSources(t testing.TB, text string) testSources {
	t.Helper()
	b := newBuilder(t, text)
	all := testSources{}
	for collector, build := range map[string]func(*ask.Builder) ([]*source.Source, error){
		"swift": Sources, "swift_probe": ProbeSources, "swift_count": CountSources,
	} {
		b.Collector = collector
		built, err := build(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range built {
			s.Timeout = time.Duration(b.Timeout)
			all[collector] = s
		}
	}
	return all
}

func newBuilder(t testing.TB, text string) *ask.Builder {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	writeFile(t, file, text)
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return ask.NewBuilder(c, 0, ask.Options{Exporter: "exporter.example.org", Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)})
}

// readOne reads a source once.
func (all testSources) readOne(t testing.TB, collector string) source.Result {
	t.Helper()
	s := all[collector]
	return s.Get(t.Context(), s.Timeout)
}

// runOnce runs a probe once and reads it.
func (all testSources) runOnce(t testing.TB, collector string) source.Result {
	t.Helper()
	if !all[collector].Probe.Once(t.Context()) {
		t.Fatal("it did not run")
	}
	return all.readOne(t, collector)
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason %q, want %q (%v)", got, want, err)
	}
}

// wantValue fails the test unless a metric has exactly one sample, with this value.
func wantValue(t testing.TB, res source.Result, m *source.Metric, want float64) {
	t.Helper()
	var got []float64
	for _, s := range res.Samples {
		if s.Metric == m {
			got = append(got, s.Value)
		}
	}
	if !slices.Equal(got, []float64{want}) {
		t.Errorf("%s is %v, want %v (%v)", m.Name, got, want, res.Err)
	}
}

func has(samples []source.Sample, m *source.Metric) bool {
	return slices.ContainsFunc(samples, func(s source.Sample) bool { return s.Metric == m })
}

// wantSteps fails the test unless registry_swift_step_seconds has these steps and no others.
func wantSteps(t testing.TB, res source.Result, want ...string) {
	t.Helper()
	var got []string
	for _, s := range res.Samples {
		if s.Metric == stepSeconds {
			got = append(got, s.Labels[1])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("steps %q, want %q (%v)", got, want, res.Err)
	}
}

// wantRunSteps fails the test unless the last run did these steps. A step that failed has a !.
func wantRunSteps(t testing.TB, res source.Result, want string) {
	t.Helper()
	var got []string
	for _, s := range res.Last.Steps {
		name := s.Name
		if s.Err != nil {
			name += "!"
		}
		got = append(got, name)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}
