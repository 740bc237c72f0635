package ask

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

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

func TestErrorOfARegistry(t *testing.T) {
	for _, c := range []struct{ name, body, code, detail string }{
		{"code and detail", `{"errors":[{"code":"UNAVAILABLE","message":"x","detail":"health check failed: x"}]}`, "UNAVAILABLE", "health check failed: x"},
		{"detail an object", `{"errors":[{"detail":{"name":"a"},"code":"NAME_UNKNOWN"}]}`, "NAME_UNKNOWN", ""},
		{"detail null", `{"errors":[{"code":"UNAUTHORIZED","detail":null}]}`, "UNAUTHORIZED", ""},
		{"code a number", `{"errors":[{"code":404,"detail":"x"}]}`, "", "x"},
		{"code a sentence", `{"errors":[{"code":"it failed","detail":"x"}]}`, "", "x"},
		{"code too long", `{"errors":[{"code":"` + strings.Repeat("A", 41) + `"}]}`, "", ""},
		{"several", `{"errors":[{"message":"x"},{"code":"DENIED"},{"code":"UNKNOWN","detail":"y"}]}`, "DENIED", "y"},
		{"one that is odd among them", `{"errors":["x",{"code":"DENIED"}]}`, "DENIED", ""},
		{"more than are read", `{"errors":[` + strings.Repeat(`{},`, 16) + `{"code":"DENIED"}]}`, "", ""},
		{"something behind the end", `{"errors":[{"code":"DENIED"}]}{"errors":[]}`, "DENIED", ""},
		{"errors an object", `{"errors":{"code":"DENIED"}}`, "", ""},
		{"a list", `[{"code":"DENIED"}]`, "", ""},
		{"truncated", `{"errors":[{"code":"DENIED"}`, "", ""},
		{"HTML", `<html>`, "", ""},
		{"nothing", ``, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, detail := RegistryError([]byte(c.body)); code != c.code || detail != c.detail {
				t.Errorf("code %q, detail %q; want %q, %q", code, detail, c.code, c.detail)
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

func FuzzRegistryError(f *testing.F) {
	addAnswers(f, "../registry/testdata/api/*/*.http")
	f.Fuzz(func(t *testing.T, body []byte) {
		code, detail := RegistryError(body)
		if len(code) > 40 || strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
			t.Errorf("code %q", code)
		}
		if !utf8.ValidString(detail) {
			t.Errorf("detail %q is not UTF-8", detail)
		}
		wantReason(t, (&Answer{Status: http.StatusTeapot, Body: body}).Refusal(), source.ReasonClientError)
	})
}

// addAnswers adds the bodies of stored answers.
func addAnswers(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatal(fmt.Errorf("no answers like %s: %w", pattern, err))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("\n\n"))
		f.Add(body)
	}
}
