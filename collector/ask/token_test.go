package ask

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestParseToken(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"token", `{"token":"t"}`, "t"},
		{"access_token", `{"access_token":"t"}`, "t"},
		{"both", `{"token":"t","access_token":"t"}`, "t"},
		{"both, one empty", `{"token":"t","access_token":""}`, "t"},
		{"both, one of another type", `{"access_token":[1],"token":"t"}`, "t"},
		{"among others", `{"expires_in":60,"issued_at":"x","token":"t","a":{"token":"other"}}`, "t"},
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
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q and error %v, want %q", got, err, c.want)
			}
			if err != nil && source.Reason(err) != source.ReasonBadAnswer {
				t.Errorf("reason: got %s", source.Reason(err))
			}
		})
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
		if (got == "") != (err != nil) || strings.ContainsAny(got, "\r\n") || len(got) > 3*len(body) {
			t.Errorf("token %q, error %v", got, err)
		}
	})
}
