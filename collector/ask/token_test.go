package ask

import (
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
)

func TestParseToken(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"token", `{"token":"t"}`, "t"},
		{"access_token", `{"access_token":"t"}`, "t"},
		{"both", `{"token":"t","access_token":"t"}`, "t"},
		{"both, one empty", `{"token":"t","access_token":""}`, "t"},
		{"among others", `{"expires_in":60,"issued_at":"2026-01-02T03:04:05Z","token":"t","a":{"token":"other"}}`, "t"},
		{"fields that are null", `{"expires_in":null,"issued_at":null,"access_token":null,"token":"t"}`, "t"},
		{"text after it", `{"token":"t"} `, "t"},
		{"none", `{}`, ""},
		{"empty", `{"token":""}`, ""},
		{"null", `{"token":null}`, ""},
		{"a list", `[{"token":"t"}]`, ""},
		{"truncated", `{"token":"t"`, ""},
		{"not JSON", `token=t`, ""},
		{"no body", ``, ""},
		{"a line break", `{"token":"t\nHost: x"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseToken([]byte(c.body))
			if got.Text != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q and error %v, want %q", got.Text, err, c.want)
			}
			if err != nil && source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("reason: got %s", source.Reason(err))
			}
		})
	}
}

// docker, containerd and podman read these fields, and take no token when they cannot.
func TestTokensThatClientsRefuse(t *testing.T) {
	for body, want := range map[string]string{
		`{"token":"t","issued_at":"yesterday"}`:  "issued_at is no date",
		`{"token":"t","issued_at":""}`:           "issued_at is no date",
		`{"token":"t","expires_in":"300"}`:       "expires_in is no whole number",
		`{"token":"t","expires_in":1e99}`:        "expires_in is no whole number",
		`{"access_token":[1],"token":"t"}`:       "access_token is no text",
		`{"token":"secret","expires_in":"hide"}`: "expires_in is no whole number",
	} {
		got, err := parseToken([]byte(body))
		wantReason(t, err, source.ReasonBadAnswer)
		if err == nil || got.Text != "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "hide") {
			t.Errorf("%s: token %q, error %v, want %q", body, got.Text, err, want)
		}
	}
}

func TestATokenLetsInUntilItsEnd(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"token":"t"}`:                              time.Minute,
		`{"token":"t","expires_in":0}`:               time.Minute,
		`{"token":"t","expires_in":-5}`:              time.Minute,
		`{"token":"t","expires_in":300}`:             5 * time.Minute,
		`{"token":"t","expires_in":999999999999999}`: 365 * 24 * time.Hour,
	} {
		got, err := parseToken([]byte(body))
		if left := time.Until(got.End); err != nil || left > want || left < want-time.Second {
			t.Errorf("%s: it ends in %s, error %v, want %s", body, left, err, want)
		}
	}
}

func FuzzToken(f *testing.F) {
	addAnswers(f, "../registry/testdata/api/*/token.http")
	f.Add([]byte(`{"token":"a","access_token":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseToken(body)
		if err != nil {
			wantReason(t, err, source.ReasonBadAnswer)
		}
		if (got.Text == "") != (err != nil) || strings.ContainsAny(got.Text, "\r\n") || len(got.Text) > 3*len(body) {
			t.Errorf("token %q, error %v", got.Text, err)
		}
	})
}
