package swift

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/swift/fakeswift"
	"registry_exporter/collector/testserver"
)

// counting configures a registry whose container is counted.
func counting(s *fakeswift.Server, every string) string {
	return s.Config("auth_url: ADDRESS/auth/v1.0, count: {every: " + every + ", prefixes: [files/, segments/, nothing/]}")
}

func TestCountListings(t *testing.T) {
	const one = `{"name":"files/a","bytes":1}`
	for _, c := range []struct{ name, page, want string }{
		{"empty", "[]", ""},
		{"HTML", "<html>Welcome</html>", source.ReasonBadAnswer},
		{"nothing", "", source.ReasonBadAnswer},
		{"an object", "{}", source.ReasonBadAnswer},
		{"null", "null", source.ReasonBadAnswer},
		{"a list of texts", `["files/a"]`, source.ReasonBadAnswer},
		{"cut short", "[" + one + ",", source.ReasonShortRead},
		{"ended by another bracket", "[" + one + "}", source.ReasonBadAnswer},
		{"the same page for ever", "[" + one + "]", source.ReasonBadAnswer},
		{"an object twice", "[" + one + "," + one + "]", source.ReasonBadAnswer},
		{"an object without a name", `[{"bytes":1}]`, source.ReasonBadAnswer},
		{"a directory that nobody asked for", `[{"subdir":"files/a/"}]`, source.ReasonBadAnswer},
		{"objects in no order", `[{"name":"files/b","bytes":1},` + one + `]`, source.ReasonBadAnswer},
		{"another prefix", `[{"name":"segments/a","bytes":1}]`, source.ReasonBadAnswer},
		{"negative bytes", `[{"name":"files/a","bytes":-1}]`, source.ReasonBadAnswer},
		{"bytes beyond all numbers", `[{"name":"files/a","bytes":99999999999999999999}]`, source.ReasonBadAnswer},
		{"bytes as a text", `[{"name":"files/a","bytes":"1"}]`, source.ReasonBadAnswer},
		{"deep nesting", strings.Repeat("[", 20000), source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Objects.Instead["LIST"] = fakeswift.Answer(http.StatusOK, c.page)
			e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {prefixes: [files/]}"))
			res := e.runOnce(t, "swift_count")
			wantReason(t, res.Err, c.want)
			if got := has(res.Samples, prefixObjects); got != (c.want == "") {
				t.Errorf("counted: %t", got)
			}
		})
	}
}

func TestCountStatus(t *testing.T) {
	for _, c := range []struct {
		status int
		want   string
	}{
		{http.StatusNoContent, ""},
		{http.StatusForbidden, source.ReasonForbidden},
		{http.StatusNotFound, source.ReasonNotFound},
		{http.StatusPreconditionFailed, source.ReasonClientError},
		{http.StatusTemporaryRedirect, source.ReasonRedirected},
		{http.StatusServiceUnavailable, source.ReasonUnavailable},
	} {
		server := fakeswift.Start(t)
		server.Objects.Instead["LIST"] = fakeswift.Answer(c.status, "")
		wantReason(t, newSources(t, counting(server, "1h")).runOnce(t, "swift_count").Err, c.want)
	}
}

func TestCountEndlessPage(t *testing.T) {
	longType := strings.Repeat("x", 4<<10) // 4,000 objects reach the bound, not 400,000
	for _, c := range []struct {
		name  string
		write func(http.ResponseWriter)
	}{
		{"of one name", func(w http.ResponseWriter) { fmt.Fprint(w, `[{"name":"`); testserver.WriteEndlessly(w) }},
		{"of objects", func(w http.ResponseWriter) {
			sep := "["
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(w, `%s{"name":"files/%012d","bytes":1,"content_type":%q}`, sep, i, longType); err != nil {
					return
				}
				sep = ","
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakeswift.Start(t)
			server.Objects.Instead["LIST"] = func(w http.ResponseWriter, _ *http.Request) { c.write(w) }
			e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {prefixes: [files/]}"))
			wantReason(t, e.runOnce(t, "swift_count").Err, source.ReasonTooLarge)
		})
	}
}

// A listing that always has one more page ends with the time of the run.
func TestCountEndlessListing(t *testing.T) {
	server := fakeswift.Start(t)
	pages := 0
	server.Objects.Instead["LIST"] = func(w http.ResponseWriter, _ *http.Request) {
		pages++
		fmt.Fprintf(w, `[{"name":"files/%012d","bytes":1}]`, pages)
	}
	e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {every: 2s, prefixes: [files/, segments/]}"))
	wantReason(t, e.runOnce(t, "swift_count").Err, source.ReasonTimeout)
}

func TestCountHangs(t *testing.T) {
	server := fakeswift.Start(t)
	server.Objects.Instead["LIST"] = testserver.Hang
	e := newSources(t, counting(server, "2s"))
	wantReason(t, e.runOnce(t, "swift_count").Err, source.ReasonTimeout)
}

// The token may end on the way through a large container.
func TestCountTokenEndsInBetween(t *testing.T) {
	server := fakeswift.Start(t)
	server.Objects.PageSize = 1
	pages := 0
	server.Objects.Instead["LIST"] = func(w http.ResponseWriter, r *http.Request) {
		if pages++; pages == 2 {
			server.Revoke()
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		server.Objects.List(w, r)
	}
	e := newSources(t, server.Config("auth_url: ADDRESS/auth/v1.0, count: {prefixes: [files/]}"))
	e.readOne(t, "swift") // logs in
	res := e.runOnce(t, "swift_count")
	wantReason(t, res.Err, "")
	wantValue(t, res, prefixObjects, 2)
	server.WantLogins(t, 2)
}

// BenchmarkCountPage reads a page of 10,000 objects as a registry names them.
func BenchmarkCountPage(b *testing.B) {
	var page strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&page, `%s{"bytes": 10485760, "hash": "d41d8cd98f00b204e9800998ecf8427e", "name": "segments/%03x/%064x/%016d", "content_type": "application/octet-stream", "last_modified": "2026-01-01T00:00:00.000000"}`,
			[]string{"[", ", "}[min(i, 1)], i/4, i, i)
	}
	page.WriteString("]")
	b.SetBytes(int64(page.Len()))
	b.ReportAllocs()
	for b.Loop() {
		resp := &http.Response{Body: io.NopCloser(strings.NewReader(page.String()))}
		objects := 0
		if err := eachObject(resp, nil, func(object) { objects++ }); err != nil || objects != 10000 {
			b.Fatalf("%d objects: %v", objects, err)
		}
	}
}
