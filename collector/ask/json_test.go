package ask

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

func TestWhatIsWrongWithAJSONTextIsSaidInOwnWords(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an object", `{"Number":1,"other":[]}`, ""},
		{"space around it", " {} \r\n", ""},
		{"nothing", ``, "not JSON at byte 0"},
		{"HTML", `<!DOCTYPE html>`, "not JSON at byte 1"},
		{"truncated", `{"Number":1`, "not JSON at byte 11"},
		{"something behind the end", `{} {}`, "not JSON at byte 4"},
		{"a list", `[]`, "a JSON value of another type than expected"},
		{"a field of another type", `{"Number":"hunter22"}`, "a JSON value of another type than expected"},
		{"a number too large", `{"Number":20220202202202022022}`, "a JSON value of another type than expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v struct{ Number int }
			err := FromJSON([]byte(c.text), &v)
			if got := errorText(err); got != c.want {
				t.Errorf("error %q, want %q", got, c.want)
			}
			if err != nil {
				wantReason(t, err, source.ReasonBadAnswer)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Each answer is as large as one may be.
func TestAnswersThatNestOrRepeatWithoutEnd(t *testing.T) {
	full := func(open, repeated string) []byte {
		return []byte(open + strings.Repeat(repeated, (MaxSmallBody-len(open))/len(repeated)))
	}
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"arrays", full(``, `[`)},
		{"objects", full(``, `{"a":`)},
		{"arrays in what is read of _ping", full(`{"Healthy":`, `[`)},
		{"objects in what is read of a token", full(`{"token":`, `{"token":`)},
		{"errors in errors", full(``, `{"errors":[`)},
		{"errors without end", full(`{"errors":[`, `{},`)},
		{"one key again and again", full(`{"a":0`, `,"a":0`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseToken(c.body)
			wantReason(t, err, source.ReasonBadAnswer)
			if code, detail := RegistryError(c.body); code != "" || detail != "" {
				t.Errorf("code %q, detail %q", code, detail)
			}
		})
	}
}
