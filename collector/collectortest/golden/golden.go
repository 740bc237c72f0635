// Package golden compares pages and texts with files that hold what is wanted:
//
//	golden.ComparePage(t, "testdata/push/quota", page) // with testdata/push/quota/quota.prom
//
// With -update the files are written instead. The package knows nothing of exporters, so that every test can use it;
// collectortest makes pages of exporters for it.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the pages that come out as the pages that are wanted")

// Update says whether tests write golden files instead of comparing them.
func Update() bool { return *update }

// Settle removes from a page what differs from run to run: durations become 0, and names replace addresses in labels.
// Moments (_timestamp_seconds) stay as they are.
func Settle(families []*dto.MetricFamily, names map[string]string) {
	for _, f := range families {
		for _, m := range f.Metric {
			settle(f.GetName(), m, names)
		}
	}
}

func settle(name string, m *dto.Metric, names map[string]string) {
	for _, l := range m.Label {
		if name, found := names[l.GetValue()]; found {
			l.Value = &name
		}
	}
	if strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_timestamp_seconds") && m.Gauge != nil {
		m.Gauge.Value = new(float64)
	}
}

// ComparePage compares a page with FOLDER/BASE.prom, where BASE is the last part of FOLDER, and lints it.
func ComparePage(t testing.TB, folder string, page prometheus.Gatherer) {
	t.Helper()
	file := filepath.Join(folder, filepath.Base(folder)+".prom")
	if *update {
		writePage(t, file, page)
	}
	want, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := testutil.GatherAndCompare(page, want); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(page)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
}

func writePage(t testing.TB, file string, page prometheus.Gatherer) {
	t.Helper()
	if families, err := page.Gather(); err != nil || len(families) == 0 {
		t.Fatalf("%s would be empty: nothing is written (%v)", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := prometheus.WriteToTextfile(file, page); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
}

// CompareText compares a text with a file.
func CompareText(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if got == "" {
			t.Fatalf("%s would be empty: nothing is written", file)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now:\n%s", file, got)
	}
}
