package swift

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// Any listing gives objects in order, each with the prefix that was asked for, and ends, or is an error with a reason.
func FuzzListing(f *testing.F) {
	for _, body := range []string{
		`[]`, `[{"name":"files/1","bytes":1,"hash":"x","content_type":"a/b","last_modified":"2026-11-21T22:18:08.000000"},{"name":"files/2","bytes":0}]`,
		`[{"subdir":"files/"}]`, `[{"name":"files/2"},{"name":"files/1"}]`, `[{"name":"files/1","bytes":-1}]`, `[{"name":"files/1","bytes":1e3}]`, `[{"name":"files/1","bytes":9223372036854775808}]`,
		`[{"name":"other"}]`, `[{"name":"files/\ud800"}]`, `[{}`, `[{},`, `{"name":"files/1"}`, `null`, `[null]`, `[1]`, `[[[[`, `<html>`, ``, ` [ ] trailing`, `[{"name":"files/1"},]`,
	} {
		f.Add(body, "files/", "files/0")
		f.Add(body, "", "")
	}
	f.Fuzz(func(t *testing.T, body, prefix, marker string) {
		resp := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
		last := marker
		err := eachObject(resp, url.Values{"prefix": {prefix}, "marker": {marker}}, func(o object) {
			if o.Name <= last || !strings.HasPrefix(o.Name, prefix) || o.Bytes < 0 {
				t.Errorf("%+v behind %q", o, last)
			}
			last = o.Name
		})
		if err == nil {
			return
		}
		if reason := source.Reason(storeError(t.Context(), err)); reason == "" || reason == "other" {
			t.Errorf("%v has reason %q", err, reason)
		}
	})
}
