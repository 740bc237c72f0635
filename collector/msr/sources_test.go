package msr

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
	"registry_exporter/config"
)

const testAddress = "10.0.0.1:443"

// shown returns the samples of read as a page shows them: labels are cut and made valid, and each series is there once.
// most bounds the samples; 0: as many as a source may have.
func shown(t testing.TB, most int, read func() ([]source.Sample, error)) ([]source.Sample, error) {
	t.Helper()
	s := &source.Source{
		Timeout: time.Minute, Most: most, Mask: func() source.Mask { return nil },
		Read: func(context.Context) ([]source.Sample, error) { return read() },
	}
	res := s.Get(t.Context(), s.Timeout)
	return res.Samples, res.Err
}

// parsed returns the samples of an answer as a page shows them, as NAME{values of labels behind the address}.
func parsed(t *testing.T, body []byte, names *serverNames) (map[string]float64, error) {
	t.Helper()
	samples, err := shown(t, 0, func() ([]source.Sample, error) { return parseClusterStatus(body, testAddress, names) })
	page := map[string]float64{}
	for _, s := range samples {
		if s.Labels[0] != testAddress {
			t.Errorf("address of %s is %q", s.Metric.Name, s.Labels[0])
		}
		page[s.Metric.Name+"{"+strings.Join(s.Labels[1:], ",")+"}"] = s.Value
	}
	return page, err
}

func wantSample(t *testing.T, page map[string]float64, name string, want float64) {
	t.Helper()
	got, found := page[name]
	switch {
	case !found:
		t.Errorf("no %s", name)
	case got != want:
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func wantReason(t *testing.T, err error, want string) {
	t.Helper()
	if got := source.Reason(err); got != want {
		t.Errorf("reason is %q, want %q: %v", got, want, err)
	}
}

// around returns a cluster_status with the given system tables, complete but for them.
func around(tables string) []byte {
	return []byte(`{"rethink_system_tables": {` + tables + `}, "replica_health": {}, "replica_timestamp": {}, "replica_readonly": {}, "gc_lock_holder": ""}`)
}

// repeated joins n rows. Each is format with its number.
func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// clusterStatusOf returns a cluster_status of three replicas with real tables.
func clusterStatusOf(t testing.TB, tables string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "rethinkdb", tables+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(`{"rethink_system_tables":` + string(text) + `,
		"replica_health": {"f2277ad178f7": "OK", "5eb9459a7832": "OK", "56b65e8c1404": "OK"},
		"replica_timestamp": {"f2277ad178f7": "2026-11-21T18:25:20Z", "5eb9459a7832": "2026-11-21T18:25:01Z", "56b65e8c1404": "2026-11-21T18:24:44Z"},
		"replica_readonly": {"f2277ad178f7": false, "5eb9459a7832": false, "56b65e8c1404": false},
		"gc_lock_holder": ""}`)
}

// sourcesOf returns the sources that ask cluster_status of registry i of a configuration.
func sourcesOf(t testing.TB, text string, i int) []*source.Source {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registry_exporter.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := Sources(ask.NewBuilder(c, i, ask.Options{Lockout: &ask.Lockout{}, Keep: source.NewKeep(nil)}))
	if err != nil {
		t.Fatal(err)
	}
	return sources
}
