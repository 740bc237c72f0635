package fast

import "testing"

func TestRules(t *testing.T) {
	got := Rules("      - alert: A\n        expr: rate(x[5m]) + rate(y[1h])\n        for: 15m\n        annotations: {d: 'for: 5m'}\n      - alert: B\n        for: 2h\n        keep_firing_for: 3m\n")
	want := "      - alert: A\n        expr: rate(x[30s]) + rate(y[1h])\n        for: 1m30s\n        annotations: {d: 'for: 5m'}\n      - alert: B\n        for: 2h\n        keep_firing_for: 18s\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
