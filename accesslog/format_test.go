package accesslog

import (
	"strings"
	"testing"
	"time"

	"registry_exporter/accesslog/genlog"
)

// A line of each kind of format, and what it says.
func TestFormats(t *testing.T) {
	for _, test := range []struct {
		name, format, line string
		want               string
	}{
		{
			"combined", "combined",
			`10.0.0.7 - - [21/Nov/2026:22:24:55 +0000] "GET /v2/a/b/manifests/x HTTP/1.1" 200 1234 "-" "curl/8"`,
			"manifest_pull 200 a out=1234",
		},
		{
			"harbor, which has no date", "harbor",
			`10.0.0.7 - "GET /v2/a/b/manifests/x HTTP/1.1" 200 1234 "-" "docker/27" 0.016 0.005 .`,
			"manifest_pull 200 a out=1234 time=16000",
		},
		{
			"harbor, two upstreams", " harbor\n",
			`10.0.0.7 - "GET /v2/a/b/manifests/x HTTP/1.1" 200 1234 "-" "docker/27" 0.016 0.000, 0.016 p`,
			"manifest_pull 200 a out=1234 time=16000",
		},
		{
			"the directive", "log_format registry\n  '$status $body_bytes_sent '  # sizes\n  \"\\\"$request\\\"\";  # the end",
			`201 0 "PUT /v2/a/b/manifests/x HTTP/1.1"`, "manifest_push 201 a out=0",
		},
		{
			"the directive without quotes", `log_format x $status|$request;`,
			`200|GET /v2/ HTTP/1.1`, "ping 200",
		},
		{
			"its strings alone", `'$status $request_length ' '$request_method $uri'`,
			`202 5000 PATCH /v2/a/b/blobs/uploads/1`, "upload_chunk 202 a in=5000",
		},
		{
			"its strings alone, in double quotes", `"$status $request_length " "$request_method $uri";`,
			`202 5000 PATCH /v2/a/b/blobs/uploads/1`, "upload_chunk 202 a in=5000",
		},
		{
			"strings with an escape", `escape=json '{"s":$status,' '"r":"$request"}'`,
			`{"s":200,"r":"GET /v2/a/b/manifests/\"x HTTP/1.1"}`, "manifest_pull 200 a",
		},
		{
			"bare text that begins with a quote", `"$request" $status`,
			`"GET /v2/ HTTP/1.1" 200`, "ping 200",
		},
		{
			"bare text all in quotes", `"$request" "$status"`,
			`"GET /v2/ HTTP/1.1" "200"`, "ping 200",
		},
		{
			"variables in braces", `${status}x${request}`,
			`200xGET /v2/ HTTP/1.1`, "ping 200",
		},
		{
			"tabs as nginx writes them", `log_format tab '$status\t$request\t$http_user_agent';`,
			"200\tGET /v2/ HTTP/1.1\tcurl", "ping 200",
		},
		{
			"path and query apart", `$request_method $uri$is_args$args $status`,
			"POST /v2/a/b/blobs/uploads/?mount=sha256:1 201", "blob_mount 201 a",
		},
		{
			"path and query apart, and no query", `$request_method $uri$is_args$args $status`,
			"POST /v2/a/b/blobs/uploads/- 201", "upload_start 201 a",
		},
		{
			"path and query apart, and no query in JSON", `escape=json '$request_method $uri$is_args$args $status'`,
			"POST /v2/a/b/blobs/uploads/ 201", "upload_start 201 a",
		},
		{
			"a user that looks like the rest of the line", "combined",
			`127.0.0.1 - x [y \x22z]  [21/Nov/2026:23:08:41 +0000] "GET /v2/a/b/manifests/x HTTP/1.1" 200 10 "-" "evil \x22 200 \x5C agent \x5C"`,
			"manifest_pull 200 a out=10",
		},
		{
			"query in a field of its own", `$request_method $uri "$args" $status`,
			`POST /v2/a/b/blobs/uploads/ "mount=sha256:1&from=x" 201`, "blob_mount 201 a",
		},
		{
			"an address that begins with the host", `"$request_method $scheme://$host$request_uri" $status`,
			`"GET https://registry.example.org/v2/a/b/manifests/x" 200`, "manifest_pull 200 a",
		},
		{
			"GitLab: a path of which a map left out secrets", `$remote_addr - $remote_user [$time_local] "$request_method $filtered_request_uri $server_protocol" $status $body_bytes_sent "$filtered_http_referer" "$http_user_agent" $gzip_ratio`,
			`10.0.0.1 - - [21/Nov/2026:23:08:41 +0000] "GET /v2/a/b/manifests/x HTTP/1.1" 200 7 "-" "docker/28" -`, "manifest_pull 200 a out=7",
		},
		{
			"such an address of what was no request", `"$request_method $scheme://$host$uri$is_args$args" $status`,
			`"- http://registry.example.org--" 400`, "other 400",
		},
		{
			"request line and what the client sent", `$status "$request" $request_method $request_uri`,
			`200 "POST /x HTTP/1.1" GET /v2/`, "ping 200",
		},
		{
			"request line and an error page", `$status "$request" $request_method $uri`,
			`502 "GET /v2/a/b/manifests/x HTTP/1.1" GET /50x.html`, "manifest_pull 502 a",
		},
		{
			"JSON as nginx writes it", genlog.JSON,
			`{"time":"2026-11-21T22:24:55+00:00","client":"::1","user":"","method":"GET","uri":"/v2/a/b/manifests/x","status":200,"bytes":7,"length":300,"seconds":1.500,"upstream":"","upstream_seconds":"","agent":"a \"quoted\" one\\"}`,
			"manifest_pull 200 a out=7 in=300 time=1500000",
		},
		{
			"JSON with its keys in another order is another format", genlog.JSON,
			`{"client":"::1","time":"2026-11-21T22:24:55+00:00","user":"","method":"GET","uri":"/v2/","status":200}`, "unmatched",
		},
		{
			"escape=none", `log_format raw escape=none '"$http_user_agent" $status $request';`,
			`"ends in \" 200 GET /v2/ HTTP/1.1`, "ping 200",
		},
		{
			"no text behind a quote in a value", `"$request" "$http_user_agent" $status`,
			`"GET /v2/ HTTP/1.1" "x\x22 500 \x22" 200`, "ping 200",
		},
		{
			"upstreams tried one after the other, in front of another field", `$status $upstream_response_time $body_bytes_sent "$request"`,
			`200 0.005 : 0.019, - 17 "GET /v2/a/b/manifests/x HTTP/1.1"`, "manifest_pull 200 a out=17 time=24000",
		},
		{
			"upstreams before a comma", `$upstream_addr,$status,"$request"`,
			`10.0.0.1:80, unix:/run/x : [::1]:80,200,"GET /v2/ HTTP/1.1"`, "ping 200",
		},
		{
			"headers counted as well", `$bytes_sent $status "$request"`,
			`1500 200 "GET /v2/a/b/manifests/x HTTP/1.1"`, "manifest_pull 200 a out=1500",
		},
		{
			"length without headers", `$http_content_length $status "$request"`,
			`70000 202 "PATCH /v2/a/b/blobs/uploads/1 HTTP/1.1"`, "upload_chunk 202 a in=70000",
		},
		{
			"nothing known", `$request_time $body_bytes_sent $request_length $status "$request"`,
			`- - - 200 "GET /v2/a/b/manifests/x HTTP/1.1"`, "manifest_pull 200 a",
		},
		{
			"a body that was asked in vain", `$status "$request"`, `400 "\x16\x03\x01"`, "other 400",
		},
		{"Windows line end", `$status "$request"`, "200 \"GET /v2/ HTTP/1.1\"\r", "ping 200"},
		{"no status", `$status "$request"`, `- "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"a longer status", `$status "$request"`, `2000 "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"bytes that are none", `$status $body_bytes_sent "$request"`, `200 1e9 "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"more bytes than there are", `$status $body_bytes_sent "$request"`, `200 99999999999999999999999 "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"a time that is none", `$status $request_time "$request"`, `200 1.2.3 "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"more behind the end", `$status "$request"`, `200 "GET /v2/ HTTP/1.1" -`, "unmatched"},
		{"cut short", `$status "$request"`, `200 "GET /v2/ HT`, "unmatched"},
		{"another beginning", `x $status "$request"`, `y 200 "GET /v2/ HTTP/1.1"`, "unmatched"},
		{"an empty line", `$status "$request"`, ``, "unmatched"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCounts(t, Options{Format: test.format, Depth: AllButLast})
			if got := c.describe(test.line); got != test.want {
				t.Errorf("\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestFormatErrors(t *testing.T) {
	for _, test := range []struct{ name, format, want string }{
		{"empty", "", "there is no $status"},
		{"no status", `"$request"`, "there is no $status"},
		{"no request", `$status $request_method`, "there is neither $request nor $request_method with $request_uri"},
		{"a header that a client names as it likes", `$status $request_method $http_request_uri`, "there is neither $request nor $request_method with $request_uri"},
		{"nothing between", `$remote_addr "$request" $status$body_bytes_sent`, "$status$body_bytes_sent: nothing tells where one ends and the other begins"},
		{"no name", `"$request" $status $-`, `at "$-": no name of a variable`},
		{"no name in braces", `"$request" $status ${}`, `at "${}": no name of a variable`},
		{"brace not closed", `"$request" ${status`, `at "${status": the ${ is not closed`},
		{"quote not closed", `log_format x '$status "$request"`, "character 14: the ' is not closed"},
		{"no format", `log_format x;`, "log_format wants a name and a format"},
		{"two directives", "log_format x '$status';\nlog_format y '$request';", "character 24: there is more behind the ;"},
		{"unknown escape", `log_format x escape=xml '$status $request';`, "escape=xml: it can be default, json or none"},
		{"line break", "$status\n$request", `at "\n$request": a line break within the format`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Options{Format: test.format})
			if want := "format of the access log: " + test.want; err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

func TestOptionErrors(t *testing.T) {
	const format = `$remote_addr $http_x_node $host "$request" $status`
	for _, test := range []struct {
		name    string
		options Options
		want    string
	}{
		{"depth", Options{Depth: -2}, "depth of projects: -2"},
		{"places", Options{MaxProjects: 20000}, "most projects: 20000, but it can be 1 to 10000"},
		{"slow after", Options{SlowAfter: -time.Second}, "slow after: -1s"},
		{"slow below", Options{SlowBelow: -1}, "slow below: -1 bytes a second"},
		{"a node that is not logged", Options{Node: "$server_name"}, "format of the access log: $server_name, which names the node, is not in the format"},
		{"a node that is a person", Options{Node: "$remote_addr"}, "format of the access log: $remote_addr names no node: a client chooses it, or it tells who the client is"},
		{"a node that a client chooses", Options{Node: "http_x_node"}, "format of the access log: $http_x_node names no node: a client chooses it, or it tells who the client is"},
		{"a node that a client chooses in TLS", Options{Node: "ssl_server_name"}, "format of the access log: $ssl_server_name names no node: a client chooses it, or it tells who the client is"},
		{"a node that is a cookie", Options{Node: "uid_got"}, "format of the access log: $uid_got names no node: a client chooses it, or it tells who the client is"},
		{"a node that is in a token", Options{Node: "jwt_claim_sub"}, "format of the access log: $jwt_claim_sub names no node: a client chooses it, or it tells who the client is"},
		{"a node that is a path of a map", Options{Node: "filtered_request_uri"}, "format of the access log: $filtered_request_uri names no node: a client chooses it, or it tells who the client is"},
		{"a node that is a path", Options{Node: "fastcgi_script_name"}, "format of the access log: $fastcgi_script_name names no node: a client chooses it, or it tells who the client is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Format = format
			if _, err := New(test.options); err == nil || err.Error() != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// describe is what one line says, in short.
func (c *Counts) describe(text string) string {
	var l line
	if !c.scanner.scan([]byte(strings.TrimSuffix(text, "\r")), &c.values) || !c.read(&l) {
		return "unmatched"
	}
	words := []string{l.operation.String(), string(c.values[status])}
	if l.repository != nil {
		words = append(words, string(projectOf(l.repository, c.options.Depth)))
	}
	for _, a := range []struct {
		name string
		amount
	}{{"out", l.bytes[out]}, {"in", l.bytes[in]}, {"time", l.micros}} {
		if a.present {
			words = append(words, a.name+"="+itoa(a.n))
		}
	}
	return strings.Join(words, " ")
}
