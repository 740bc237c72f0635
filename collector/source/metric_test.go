package source

import (
	"strings"
	"testing"
)

// Metrics of an MSR: they have a label of the configuration and one of an answer.
var (
	testServerUp    = Gauge("registry_msr_server_up", "1 if the server is connected.", "address", "server").Outside("server")
	testServerStart = Gauge("registry_msr_server_start_timestamp_seconds", "When the server started.", "address", "server").Outside("server")
)

func TestLabelsAreValidAndBounded(t *testing.T) {
	long := strings.Repeat("x", MaxLabelBytes-1)
	for _, c := range []struct{ name, label, want string }{
		{"plain", "dtr_rethinkdb_f2277ad178f7", "dtr_rethinkdb_f2277ad178f7"},
		{"empty", "", ""},
		{"invalid UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"as long as may be", long + "x", long + "x"},
		{"too long", long + "xy", long + "x"},
		{"too long, cut in a rune", long + "ä", long},
		{"too long, cut behind a rune", long[1:] + "äy", long[1:] + "ä"},
		{"too long once it is valid", long[1:] + "\xff", long[1:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := testServerUp.Sample(1, c.label, "").Labels[0]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestLabelsFromOutsideAreCutOnceTheyAreMasked(t *testing.T) {
	long := strings.Repeat("x", MaxLabelBytes)
	for _, c := range []struct{ name, label, want string }{
		{"plain", "dtr_rethinkdb_f2277ad178f7", "dtr_rethinkdb_f2277ad178f7"},
		{"invalid UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"too long", long + "y", long},
		{"secret in front of what is cut", "my-password " + long, "<secret> " + long[9:]},
		{"secret where it is cut", long[5:] + "my-password", long[5:] + "<secr"},
		{"too long to look for secrets", strings.Repeat("x", maxOutsideBytes) + "y", "<too long>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown := NewMask("my-password").samples([]Sample{testServerUp.Sample(1, "a", c.label)})
			if got := shown[0].Labels[1]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestOnlyLabelsFromOutsideAreMasked(t *testing.T) {
	m := Gauge("registry_test", "Has a label from outside.", "address", "new").Outside("new")
	shown := NewMask("my-password").samples([]Sample{m.Sample(1, "my-password", "my-password")})
	if got := shown[0].Labels; got[0] != "my-password" || got[1] != "<secret>" {
		t.Errorf("got %q; names of the configuration stay as they are", got)
	}
}

func TestALabelFromOutsideThatTheMetricDoesNotHavePanics(t *testing.T) {
	defer func() {
		if got := recover(); got != "registry_test has no label peer" {
			t.Errorf("panic with %v", got)
		}
	}()
	Gauge("registry_test", "Has no such label.", "address", "server").Outside("server", "peer")
}

func TestKeyTellsSamplesApart(t *testing.T) {
	samples := []Sample{
		testServerUp.Sample(1, "a", "b"),
		testServerUp.Sample(1, "ab", ""),
		testServerUp.Sample(1, "", "ab"),
		testServerStart.Sample(1, "a", "b"),
	}
	for i, a := range samples {
		for j, b := range samples {
			if same := a.Key() == b.Key(); same != (i == j) {
				t.Errorf("%s%q and %s%q have one key: %v", a.Metric.Name, a.Labels, b.Metric.Name, b.Labels, same)
			}
		}
	}
	if samples[0].Key() != testServerUp.Sample(0, "a", "b").Key() {
		t.Error("the value tells samples apart")
	}
}
