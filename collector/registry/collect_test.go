package registry

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exporterName is the name of the exporter in everything that the tests push.
const exporterName = "exporter.example.org"

// A collected has the sources of one collector, for all registries of a configuration.
type collected struct {
	collector string
	config    *config.Config
	options   ask.Options
	sources   []*source.Source
}

var builders = map[string]func(*ask.Builder) ([]*source.Source, error){
	"api": APISources, "pull": PullSources, "push": PushSources, "replication": ReplicationSources,
}

// collect builds a collector as a new process does. stateDir is the folder for state that outlives the process; it may be
// empty.
func collect(t testing.TB, collector, stateDir, text string) *collected {
	t.Helper()
	c, err := config.Load(testserver.TempFile(t, "registry_exporter.yml", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	e := &collected{collector: collector, config: c}
	e.options = ask.Options{Exporter: exporterName, StateDir: stateDir, Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)}
	e.build(t)
	return e
}

// collectHub builds a collector of the registry hub at url. lines are lines of the registry.
func collectHub(t testing.TB, collector, url, lines string) *collected {
	t.Helper()
	return collect(t, collector, "", "registries:\n- name: hub\n  url: "+url+"\n"+lines)
}

// builder makes the sources of registry i of the configuration.
func (e *collected) builder(i int) *ask.Builder {
	b := ask.NewBuilder(e.config, i, e.options)
	b.Collector = e.collector
	return b
}

func (e *collected) build(t testing.TB) {
	t.Helper()
	e.sources = nil
	for i, r := range e.config.Registries {
		b := e.builder(i)
		sources, err := builders[e.collector](b)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			s.Collector, s.Timeout, s.Mask = e.collector, time.Duration(r.Timeout), b.Secrets.Mask
		}
		e.sources = append(e.sources, sources...)
	}
}

// reload builds everything anew, as a reload of the configuration does.
func (e *collected) reload(t testing.TB) {
	t.Helper()
	e.options.Keep = source.NewKeep(e.options.Keep)
	e.build(t)
}

// probe returns the probe of the first source.
func (e *collected) probe() *source.Probe { return e.sources[0].Probe }

// last returns the result of the first source; for a probe, its last run.
func (e *collected) last(t testing.TB) source.Result {
	t.Helper()
	return e.sources[0].Get(t.Context(), time.Minute)
}

// run runs each probe once, and scrapes.
func (e *collected) run(t testing.TB) found {
	t.Helper()
	for _, s := range e.sources {
		if !s.Probe.Once(t.Context()) {
			t.Fatal("the probe did not run")
		}
	}
	return e.scrape(t)
}

// scrape asks all sources.
func (e *collected) scrape(t testing.TB) found {
	t.Helper()
	f := found{samples: map[string]float64{}}
	for _, s := range e.sources {
		res := s.Get(t.Context(), time.Minute)
		f.results = append(f.results, res)
		for _, one := range res.Samples {
			var labels []string
			for i, value := range one.Labels {
				labels = append(labels, fmt.Sprintf("%s=%q", one.Metric.Labels[i], value))
			}
			f.samples[one.Metric.Name+"{"+strings.Join(labels, ",")+"}"] = one.Value
		}
	}
	return f
}

// A found has the samples of a scrape by name{label="value",…}. The labels stand in the order in which the metric
// declares them.
type found struct {
	samples map[string]float64
	results []source.Result
}

// err returns the error of the first source.
func (f found) err() error { return f.results[0].Err }

// value returns the value of the only sample that begins with prefix; ok is false when there is none.
func (f found) value(t testing.TB, prefix string) (value float64, ok bool) {
	t.Helper()
	for name, v := range f.samples {
		if strings.HasPrefix(name, prefix) {
			if ok {
				t.Errorf("more than one sample begins with %s", prefix)
			}
			value, ok = v, true
		}
	}
	return value, ok
}

// wantSamples fails the test unless the only sample with each prefix has this value.
func (f found) wantSamples(t testing.TB, want map[string]float64) {
	t.Helper()
	for prefix, value := range want {
		if got, ok := f.value(t, prefix); !ok || got != value {
			t.Errorf("%s: got %v (there: %t), want %v", prefix, got, ok, value)
		}
	}
}

func (f found) wantNone(t testing.TB, prefixes ...string) {
	t.Helper()
	for _, prefix := range prefixes {
		if v, ok := f.value(t, prefix); ok {
			t.Errorf("%s: got %v, want no sample", prefix, v)
		}
	}
}

// wantReason fails the test unless the only source of the scrape failed for the reason, or did not fail when the reason
// is empty.
func (f found) wantReason(t testing.TB, want string) {
	t.Helper()
	if len(f.results) != 1 {
		t.Fatalf("%d sources were asked, want 1", len(f.results))
	}
	wantReason(t, f.err(), want)
}

// wantReasonAt fails the test unless the source at an address failed for the reason, or did not fail when the reason is
// empty.
func (f found) wantReasonAt(t testing.TB, address, want string) {
	t.Helper()
	for _, res := range f.results {
		if res.Source.Address == address {
			wantReason(t, res.Err, want)
			return
		}
	}
	t.Errorf("no source at %s", address)
}

// wantReason fails the test unless err has the reason, or is nil when the reason is empty.
func wantReason(t testing.TB, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason %q, want %q: %v", got, want, err)
	}
}

// once runs the probe for as long as ctx lasts. It returns false when ctx ended before the run.
func (e *collected) once(ctx context.Context) bool { return e.probe().Once(ctx) }

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
