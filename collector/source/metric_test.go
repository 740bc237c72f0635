package source

import (
	"slices"
	"strings"
	"testing"
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
			if got := msr.serverUp.Sample(1, c.label, "").Labels[0]; got != c.want {
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
			shown := NewMask("my-password").samples([]Sample{msr.serverUp.Sample(1, "a", c.label)})
			if got := shown[0].Labels[1]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestOnlyLabelsFromOutsideAreMasked(t *testing.T) {
	m := Gauge("registry_test", "Has a label from outside.", "endpoint", "new").Outside("new")
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
	Gauge("registry_test", "Has no such label.", "endpoint", "server").Outside("server", "peer")
}

// closedLabels are all values of the labels that need no mask, where there is a list.
var closedLabels = map[string][]string{
	"code": {
		"1xx", "2xx", "3xx", "4xx", "401", "404", "416", "429", "499",
		"500", "501", "502", "503", "504", "505", "506", "507", "508", "509", "510", "511", "5xx", "other",
	},
	"direction": {"in", "out"},
	"operation": {
		"ping", "token", "catalog", "tags", "manifest_pull", "manifest_head", "manifest_push", "manifest_delete", "blob_pull", "blob_head",
		"blob_delete", "blob_mount", "upload_start", "upload_chunk", "upload_commit", "upload_status", "upload_cancel", "trust", "other",
	},
	"outcome":   {"ok", "unauthorized", "client_error", "canceled", "server_error", "parsed", "unmatched", "too_long"},
	"result":    {"hit", "miss", "bypass", "expired", "stale", "updating", "revalidated", "other"},
	"cache":     {"hit", "miss", "none"},
	"component": {"registry", "auth", "metadata", "trust", "other"},
	"confirmed": {"true", "false"},
	"critical":  {"true", "false"},
	"kind":      {"storagedriver", "tcp", "http", "file", "data", "garbage", "metadata", "preallocated"},
	"mode":      {"upload", "image"},
	"state":     append(slices.Clone(msr.replicaStates[:]), "reading", "writing", "waiting"),
	"phase":     {"dns", "connect", "tls", "first_byte"},
	"role":      {"front", "backend", "master", "slave", "sentinel", "other"},
	"scheme":    {"none", "basic", "bearer", "other"},
	"step": {
		"auth", "container", "manifest", "config", "layers", "start", "chunk", "status", "cancel", "blobs", "read_back", "delete",
		"put", "get", "list", "read",
	},
	"type": msr.issueTypes,
}

// configuredLabels have values of the configuration, or of what registry.go knows of each source.
var configuredLabels = []string{"collector", "container", "endpoint", "file", "image", "name", "prefix", "reason", "to"}

// A metric that puts words of another system into a label that is not masked shows it on its golden page.
func TestLabelsThatAreNotMaskedHaveClosedLists(t *testing.T) {
	for name, family := range collector.goldenMetrics(t) {
		for _, m := range family.Metric {
			for _, l := range m.Label {
				if closed, found := closedLabels[l.GetName()]; found && !slices.Contains(closed, l.GetValue()) {
					t.Errorf("%s has %s=%q, which is in no list", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

func TestKeyTellsSamplesApart(t *testing.T) {
	samples := []Sample{
		msr.serverUp.Sample(1, "a", "b"),
		msr.serverUp.Sample(1, "ab", ""),
		msr.serverUp.Sample(1, "", "ab"),
		msr.serverStart.Sample(1, "a", "b"),
	}
	for i, a := range samples {
		for j, b := range samples {
			if same := a.Key() == b.Key(); same != (i == j) {
				t.Errorf("%s%q and %s%q have one key: %v", a.Metric.Name, a.Labels, b.Metric.Name, b.Labels, same)
			}
		}
	}
	if samples[0].Key() != msr.serverUp.Sample(0, "a", "b").Key() {
		t.Error("the value tells samples apart")
	}
}
