package collector

import (
	"strings"
	"testing"
)

func TestLabelsAreValidAndBounded(t *testing.T) {
	long := strings.Repeat("x", maxLabelBytes-1)
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
			if got := msrServerUp.sample(1, c.label, "").labels[0]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestKeyTellsSamplesApart(t *testing.T) {
	samples := []sample{
		msrServerUp.sample(1, "a", "b"),
		msrServerUp.sample(1, "ab", ""),
		msrServerUp.sample(1, "", "ab"),
		msrServerStart.sample(1, "a", "b"),
	}
	for i, a := range samples {
		for j, b := range samples {
			if same := a.key() == b.key(); same != (i == j) {
				t.Errorf("%s%q and %s%q have one key: %v", a.metric.name, a.labels, b.metric.name, b.labels, same)
			}
		}
	}
	if samples[0].key() != msrServerUp.sample(0, "a", "b").key() {
		t.Error("the value tells samples apart")
	}
}
