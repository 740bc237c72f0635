package accesslog

import (
	"fmt"
	"testing"
)

func TestMicros(t *testing.T) {
	for _, test := range []struct{ seconds, want string }{
		{"", "absent"},
		{"-", "absent"},
		{"0.000", "0"},
		{"0.016", "16000"},
		{"12", "12000000"},
		{"12.", "12000000"},
		{".5", "500000"},
		{"1.2345678", "1234567"},
		{"200000.000", "131072000000"},
		{"999999999999999", "131072000000"},
		{"9999999999999999", "invalid"},
		{".", "invalid"},
		{"1.2.3", "invalid"},
		{"-1", "invalid"},
		{"1e3", "invalid"},
		{" 1", "invalid"},
	} {
		got := "invalid"
		if n, present, valid := micros([]byte(test.seconds)); valid && present {
			got = itoa(n)
		} else if valid {
			got = "absent"
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.seconds, got, test.want)
		}
	}
}

func TestUpstreams(t *testing.T) {
	for _, test := range []struct {
		values, last, micros string
	}{
		{"0.016", "0.016", "16000 true true"},
		{"-", "-", "0 false true"},
		{"", "", "0 false true"},
		{"0.000, 0.016", "0.016", "16000 true true"},
		{"0.005 : 0.019", "0.019", "24000 true true"},
		{"0.001, 0.002 : 0.003, 0.004", "0.004", "10000 true true"},
		{"-, 0.004", "0.004", "4000 true true"},
		{"0.004 : -", "-", "4000 true true"},
		{"0.004 x", "0.004 x", "0 false false"},
	} {
		n, present, valid := upstreamMicros([]byte(test.values))
		if got := fmt.Sprint(n, present, valid); got != test.micros {
			t.Errorf("%q takes %s, want %s", test.values, got, test.micros)
		}
		if got := string(lastUpstream([]byte(test.values))); got != test.last {
			t.Errorf("%q: the last is %q, want %q", test.values, got, test.last)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for status, want := range map[int]string{
		0: "canceled", 100: "ok", 200: "ok", 206: "ok", 307: "ok", 400: "client_error", 401: "unauthorized", 403: "client_error",
		404: "client_error", 429: "rate_limited", 499: "canceled", 500: "server_error", 504: "server_error", 600: "server_error",
	} {
		if got := outcomeNames[outcomeOf(status)]; got != want {
			t.Errorf("%d is %s, want %s", status, got, want)
		}
	}
}

// Every status is counted as itself or as other.
func TestCodes(t *testing.T) {
	for status := range 1000 {
		want := referenceCode(fmt.Sprintf("%03d", status))
		if got := codeName(codeOf(status)); got != want {
			t.Errorf("%03d is counted as %s, want %s", status, got, want)
		}
	}
}
