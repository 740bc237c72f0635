package accesslog

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func newRegistryCounts(t testing.TB, format string) *RegistryCounts {
	t.Helper()
	c, err := NewRegistry(RegistryOptions{Format: format, Own: "registry_exporter"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// realLines are the lines of a registry that was broken in many ways, without the comments between them.
func realLines(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/registry_log/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var lines []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("#")) {
			lines = append(lines, line...)
		}
	}
	return lines
}

// shown are the rows of a snapshot as text, one a line.
func shown(s RegistrySnapshot) string {
	var b strings.Builder
	for _, part := range []struct {
		name string
		rows []Row
	}{
		{"requests", s.Requests},
		{"errors", s.Errors},
		{"repository", s.RepositoryErrors},
		{"empty", s.EmptyLayers},
		{"own", s.OwnRequests},
		{"redis", s.RedisErrors},
		{"panics", s.Panics},
		{"lines", s.Lines},
	} {
		for _, r := range part.rows {
			if r.Value > 0 {
				fmt.Fprintln(&b, strings.TrimSpace(part.name+" "+strings.Join(r.Labels, " ")), r.Value)
			}
		}
	}
	return b.String()
}

// Each fault that was made on a real registry, as the README of the lines tells, with the call that failed.
func TestRegistryLogsOfRealFaults(t *testing.T) {
	const text28 = `requests ping ok 1
requests tags client_error 1
requests tags server_error 1
requests manifest_pull client_error 3
requests manifest_pull server_error 5
requests manifest_head server_error 1
requests manifest_push client_error 2
requests manifest_push server_error 1
requests blob_pull ok 5
requests blob_pull client_error 2
requests blob_head ok 4
requests blob_head client_error 8
requests upload_start server_error 1
requests upload_chunk ok 1
requests upload_chunk client_error 1
requests upload_chunk canceled 1
requests upload_commit client_error 1
requests upload_commit server_error 1
errors tags storage 1
errors manifest_pull storage 5
errors manifest_head storage 1
errors manifest_push storage 1
errors upload_start storage 1
errors upload_commit storage 1
`
	for file, want := range map[string]string{
		"2.8.2_text.log": text28 + `repository lab/app storage 10
empty lab/app 2
redis 7
lines parsed 63
lines unmatched 1
`,
		"2.8.2_json_swift.log": `requests manifest_pull server_error 3
requests blob_pull ok 1
requests blob_head server_error 3
requests upload_start server_error 3
requests upload_commit server_error 1
errors manifest_pull storage 3
errors blob_head storage 3
errors upload_start storage 3
errors upload_commit storage 1
repository other storage 10
empty other 1
own 3
redis 2
lines parsed 18
`,
		"panic_at_start.log": "panics 4\nlines parsed 15\n",
	} {
		format, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(file, "2.8.2_"), "panic_at_start."), "_")
		format = map[string]string{"log": "text", "text.log": "text", "json": "json"}[format]
		c := newRegistryCounts(t, format)
		c.Add(realLines(t, file))
		got := shown(c.Snapshot())
		if file == "panic_at_start.log" { // the lines of the stacks are not counted one by one here
			got = got[:strings.Index(got, "lines unmatched")]
		}
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

// The same faults give the same errors in text and in JSON. (What else is in the two differs a little: curl asked for one manifest in
// another way, and of Redis there are more lines in one.)
func TestRegistryLogsInTextAndJSON(t *testing.T) {
	errorsOf := func(file, format string) string {
		c := newRegistryCounts(t, format)
		c.Add(realLines(t, file))
		s := c.Snapshot()
		if s.RedisErrors[0].Value < 5 || s.Lines[1].Value != 1 {
			t.Errorf("%s: %v of Redis, %v", file, s.RedisErrors, s.Lines)
		}
		return shown(RegistrySnapshot{Errors: s.Errors, RepositoryErrors: s.RepositoryErrors, EmptyLayers: s.EmptyLayers})
	}
	for _, version := range []string{"2.8.2", "3.1.1"} {
		text, json := errorsOf(version+"_text.log", "text"), errorsOf(version+"_json.log", "json")
		if text != json || !strings.Contains(text, "errors manifest_pull storage 5\n") || !strings.Contains(text, "empty lab/app 2\n") {
			t.Errorf("%s: in text\n%s\nin JSON\n%s", version, text, json)
		}
	}
}

const errorLine = `time="2026-11-28T17:45:14.4Z" level=error msg="response completed with error" err.code=unknown err.detail="%s" http.request.method=GET ` +
	`http.request.uri=/v2/a/b/manifests/1 http.request.useragent=containerd/2.0 http.response.status=%d http.response.written=70 vars.name=a/b vars.reference=1`

func TestRegistryLines(t *testing.T) {
	layer := func(rest string) string {
		return `time="2026-11-28T17:45:09Z" level=info msg="response completed" http.request.method=GET http.request.uri="/v2/a/b/blobs/` + testDigest + `" ` + rest
	}
	const failed = "requests manifest_pull server_error 1\nerrors manifest_pull %[1]s 1\nrepository other %[1]s 1\nlines parsed 1\n"
	for _, c := range []struct{ name, line, want string }{
		{"Swift is out of reach", fmt.Sprintf(errorLine, `swift: Get \"http://swift.example.org/auth/v1.0\": dial tcp: connection refused`, 500), fmt.Sprintf(failed, "storage")},
		{"Swift refuses the key", fmt.Sprintf(errorLine, "swift: Authorization Failed", 500), fmt.Sprintf(failed, "storage")},
		{"a link is empty in the store", fmt.Sprintf(errorLine, "invalid checksum digest format", 500), fmt.Sprintf(failed, "storage")},
		{"Redis refuses the password", fmt.Sprintf(errorLine, "WRONGPASS invalid username-password pair", 500), fmt.Sprintf(failed, "redis")},
		{"the upstream of a cache wants another login", fmt.Sprintf(errorLine, "unauthorized: authentication required", 500), fmt.Sprintf(failed, "auth")},
		{"the upstream of a cache is out of reach", fmt.Sprintf(errorLine, `Get \"https://up.example.org/v2/\": dial tcp: i/o timeout`, 500), fmt.Sprintf(failed, "other")},
		{"the upstream hangs up on redis", fmt.Sprintf(errorLine, `Get \"https://up.example.org/v2/library/redis/manifests/7\": unexpected EOF`, 500), fmt.Sprintf(failed, "other")},
		{"the upstream is out of reach for a tokenizer", fmt.Sprintf(errorLine, `Head \"https://up.example.org:5000/v2/team/tokenizer/manifests/1\": EOF`, 500), fmt.Sprintf(failed, "other")},
		{"the upstream shows a page", fmt.Sprintf(errorLine, `error parsing HTTP 503 response body: invalid character '<' looking for beginning of value: \"<html>denied\"`, 500), fmt.Sprintf(failed, "other")},
		{"the upstream refuses the login", fmt.Sprintf(errorLine, `Get \"https://up.example.org/v2/a/manifests/1\": unauthorized: access to the requested resource is not authorized`, 500), fmt.Sprintf(failed, "auth")},
		{"without a detail", fmt.Sprintf(errorLine, "", 503), fmt.Sprintf(failed, "other")},
		{"the client hung up", fmt.Sprintf(errorLine, "client disconnected", 500), "requests manifest_pull canceled 1\nlines parsed 1\n"},
		{"the client hung up while the store answered", fmt.Sprintf(errorLine, "s3aws: RequestCanceled: request context canceled", 500), "requests manifest_pull canceled 1\nlines parsed 1\n"},
		{"the client asked for what is not there", fmt.Sprintf(errorLine, "unknown tag=1", 404), "requests manifest_pull client_error 1\nlines parsed 1\n"},
		{"the exporter asked", strings.Replace(fmt.Sprintf(errorLine, "swift: x", 500), "containerd/2.0", "registry_exporter", 1), "own 1\nlines parsed 1\n"},
		{"a layer without a byte", layer("http.response.status=200 http.response.written=0"), "requests blob_pull ok 1\nempty other 1\nlines parsed 1\n"},
		{"a layer", layer("http.response.status=200 http.response.written=7"), "requests blob_pull ok 1\nlines parsed 1\n"},
		{"a layer that redirects to the store", layer("http.response.status=307 http.response.written=0"), "requests blob_pull ok 1\nlines parsed 1\n"},
		{"the empty layer", strings.Replace(layer("http.response.status=200 http.response.written=0"), testDigest, emptyDigest, 1), "requests blob_pull ok 1\nlines parsed 1\n"},
		{"HEAD of a layer", strings.Replace(layer("http.response.status=200 http.response.written=0"), "method=GET", "method=HEAD", 1), "requests blob_head ok 1\nlines parsed 1\n"},
		{"behind the header of rsyslog", "Nov 28 17:45:09 host docker-registry[77]: " + layer("http.response.status=200 http.response.written=7"), "requests blob_pull ok 1\nlines parsed 1\n"},
		{"a panic of a request", "2026/11/28 17:45:06 http: panic serving 10.0.0.1:3: runtime error", "panics 1\nlines parsed 1\n"},
		{"a panic of a request, behind the header of rsyslog", "Nov 28 17:45:06 host docker-registry[77]: 2026/11/28 17:45:06 http: panic serving 10.0.0.1:3: runtime error", "panics 1\nlines parsed 1\n"},
		{"a panic of the process", "panic: redis configuration required to use for layerinfo cache", "panics 1\nlines parsed 1\n"},
		{"a panic, told a second time", "\tpanic: runtime error [recovered]", "lines unmatched 1\n"},
		{"the maps of Go are broken", "fatal error: concurrent map writes", "panics 1\nlines parsed 1\n"},
		{"a client that makes up a panic", `10.0.0.1 - - [28/Nov/2026:17:45:06 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "http: panic serving x"`, "lines unmatched 1\n"},
		{"a client that makes up a line", `10.0.0.1 - - [28/Nov/2026:17:45:06 +0000] "GET /v2/? time=\"1\" HTTP/1.1" 200 2 "" "` + strings.ReplaceAll(fmt.Sprintf(errorLine, "swift: x", 500), `"`, `\"`) + `"`, "lines unmatched 1\n"},
		{"a client that names itself after keys", strings.Replace(layer("http.response.status=200 http.response.written=7"), "method=GET", `method=GET http.request.useragent="x\" http.response.status=500 err.detail=\"swift: "`, 1), "requests blob_pull ok 1\nlines parsed 1\n"},
		{"Redis of 2.8", `time="2026-11-28T17:45:16Z" level=error msg="redis: error connecting: dial tcp 10.0.0.6:6379: connect: connection refused"`, "redis 1\nlines parsed 1\n"},
		{"the same failure of Redis, told a second time", `time="2026-11-28T17:45:16Z" level=error msg="error connecting to redis instance 10.0.0.6:6379: dial tcp"`, "lines parsed 1\n"},
		{"Redis of 3.x", `time="2026-11-28T17:45:16Z" level=error msg="error from cache stat(ing) blob" error="i/o timeout" vars.name=a/b`, "redis 1\nlines parsed 1\n"},
		{"no login yet", `time="2026-11-28T17:45:16Z" level=warning msg="error authorizing context: authorization token required"`, "lines parsed 1\n"},
		{"a line that is cut", layer(`http.response.status=500 err.detail="swift: HTTP Err`), "lines unmatched 1\n"},
		{"an end without a status", layer("http.response.written=0"), "lines unmatched 1\n"},
		{"another format", `{"level":"error","msg":"response completed with error","http.response.status":500}`, "lines unmatched 1\n"},
		{"nothing", "", "lines unmatched 1\n"},
	} {
		counts := newRegistryCounts(t, "text")
		counts.Add([]byte(c.line + "\n"))
		if got := shown(counts.Snapshot()); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestRegistryLinesInJSON(t *testing.T) {
	const begin = `{"err.detail":%s,"http.request.method":"PUT","http.request.uri":"/v2/a/blobs/uploads/1?_state=x\u0026digest=sha256:1","http.response.status":500,`
	for _, c := range []struct{ name, format, line, want string }{
		{"json", "json", fmt.Sprintf(begin, `"swift: x"`) + `"msg":"response completed with error","time":"2026-11-28T17:45:16Z"}`, "storage"},
		{"logstash", "logstash", fmt.Sprintf(begin, `"swift: x"`) + `"@timestamp":"2026-11-28T17:45:16Z","@version":"1","message":"response completed with error"}`, "storage"},
		{"a detail that is an object", "json", fmt.Sprintf(begin, `{"a":["}",{"b":"\"]"}],"DriverName":"s3aws"}`) + `"msg":"response completed with error"}`, "storage"},
		{"a detail that is null", "json", fmt.Sprintf(begin, `null`) + ` "msg" : "response completed with error" } `, "other"},
		{"behind a header", "json", "Nov 28 host registry: " + fmt.Sprintf(begin, `"redis: x"`) + `"msg":"response completed with error"}`, "redis"},
	} {
		counts := newRegistryCounts(t, c.format)
		counts.Add([]byte(c.line + "\n"))
		want := fmt.Sprintf("requests upload_commit server_error 1\nerrors upload_commit %[1]s 1\nrepository other %[1]s 1\nlines parsed 1\n", c.want)
		if got := shown(counts.Snapshot()); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
	}
	for name, line := range map[string]string{
		"cut": `{"msg":"response completed","http.response.status":20`, "more behind it": `{"msg":"x"} {`, "no colon": `{"msg" "x"}`,
		"a bracket that nobody closes": `{"msg":"x","a":[[}`, "no message": `{"message":"x"}`, "logfmt": `time="x" level=info msg="x"`,
	} {
		counts := newRegistryCounts(t, "json")
		counts.Add([]byte(line))
		if got := shown(counts.Snapshot()); got != "lines unmatched 1\n" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestNoSuchFormatOfARegistrysLog(t *testing.T) {
	if _, err := NewRegistry(RegistryOptions{Format: "xml"}); err == nil || err.Error() != `format of the registry's log: "xml" is none of json, logstash, text` {
		t.Error(err)
	}
}

func TestTimeOfTheLastRegistryLine(t *testing.T) {
	c := newRegistryCounts(t, "text")
	c.Add([]byte(fmt.Sprintf(errorLine, "x", 500) + "\nhttp: panic serving\n"))
	if got := c.Snapshot().LastLine.String(); got != "2026-11-28 17:45:14.4 +0000 UTC" {
		t.Error(got)
	}
}
