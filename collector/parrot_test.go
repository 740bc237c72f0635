package collector

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"
)

// A parrot is a server whose answers repeat what the request had, somewhere.
type parrot struct {
	name   string
	answer func(heard string) string
}

func withBody(status, heard string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(heard), heard)
}

func quoteJSON(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

var parrots = []parrot{
	{"body", func(h string) string { return withBody("200 OK", h) }},
	{"body of a 500", func(h string) string { return withBody("500 Internal Server Error", h) }},
	{"keys of a JSON object", func(h string) string { return withBody("200 OK", "{"+quoteJSON(h)+`:"x"}`) }},
	{"keys of a 503", func(h string) string { return withBody("503 Service Unavailable", "{"+quoteJSON(h)+`:"x"}`) }},
	{"error of a registry", func(h string) string {
		return withBody("401 Unauthorized", `{"errors":[{"code":`+quoteJSON(h)+`,"message":`+quoteJSON(h)+`,"detail":`+quoteJSON(h)+`}]}`)
	}},
	{"cluster_status", func(h string) string {
		q := quoteJSON(h)
		return withBody("200 OK", `{"replica_health":{`+q+`:"OK"},"replica_timestamp":{`+q+`:"2017-02-18T01:11:20Z"},"replica_readonly":{`+q+`:false},"gc_lock_holder":`+q+
			`,"rethink_system_tables":{"server_status":[{"id":`+q+`,"name":`+q+`,"network":{"connected_to":{`+q+`:true}}}],"table_status":[{"db":`+q+`,"name":`+q+`,"status":{}}]}}`)
	}},
	{"_ping", func(h string) string {
		return withBody("503 Service Unavailable", `{"Healthy":false,"Error":`+quoteJSON(h)+`}`)
	}},
	{"token", func(h string) string {
		return withBody("200 OK", `{"token":`+quoteJSON(h)+`,"access_token":`+quoteJSON(h)+`}`)
	}},
	{"status line", func(h string) string { return "HTTP/1.1 " + h + "\r\n\r\n" }},
	{"words of the status", func(h string) string { return "HTTP/1.1 500 " + h + "\r\nContent-Length: 0\r\n\r\n" }},
	{"instead of HTTP", func(h string) string { return h + "\r\n\r\n" }},
	{"version of HTTP", func(h string) string { return "HTTP/" + strings.ReplaceAll(h, " ", "") + " 200 OK\r\n\r\n" }},
	{"header", func(h string) string {
		return "HTTP/1.1 401 Unauthorized\r\nX-Heard: " + h + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"header without a colon", func(h string) string {
		return "HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(h, ":", " ") + "\r\n\r\n"
	}},
	{"Content-Length", func(h string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + h + "\r\n\r\n" }},
	{"Transfer-Encoding", func(h string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + h + "\r\n\r\n" }},
	{"challenge", func(h string) string {
		return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + strings.ReplaceAll(h, ",", " ") + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"realm", func(h string) string {
		return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/" + url.QueryEscape(h) + "\"\r\nContent-Length: 0\r\n\r\n"
	}},
	{"Location at home", func(h string) string {
		return "HTTP/1.1 302 Found\r\nLocation: /" + url.PathEscape(h) + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"Location elsewhere", func(h string) string {
		return "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/" + h + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"Location that is no URL", func(h string) string {
		return "HTTP/1.1 302 Found\r\nLocation: http://[::1" + h + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"storage URL of Swift", func(h string) string {
		return "HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\nX-Storage-Url: http://127.0.0.1:1/" + url.PathEscape(h) + "\r\nContent-Length: 0\r\n\r\n"
	}},
	{"trailer", func(h string) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.ReplaceAll(h, ":", " ") + "\r\n\r\n"
	}},
	{"chunk", func(h string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + h + "\r\n" }},
}

// server serves HTTP, as an origin and as a proxy. It answers requests without credentials with a challenge.
func (p parrot) server(t *testing.T) string {
	return "http://" + testserver.NewRaw(t, func(conn net.Conn, in *bufio.Reader) {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		var heard []string
		for _, values := range r.Header {
			heard = append(heard, values...)
		}
		slices.Sort(heard)
		if user, password, ok := r.BasicAuth(); ok {
			heard = append(heard, user, password)
		}
		if body, _ := io.ReadAll(r.Body); len(body) > 0 {
			heard = append(heard, string(body))
			if form, err := url.ParseQuery(string(body)); err == nil {
				for _, values := range form {
					heard = append(heard, values...)
				}
			}
		}
		if r.URL.Path == "/v2/" && r.Header.Get("Authorization") == "" && r.Header.Get("X-Api-Key") == "" {
			_, _ = io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://"+r.Host+"/token\"\r\nContent-Length: 0\r\n\r\n")
		} else {
			_, _ = io.WriteString(conn, p.answer(strings.Join(heard, " ")))
		}
		testserver.HangUp(conn)
	}).Address
}

// redisParrot answers AUTH in one of several forms, and INFO, with everything that it was sent.
func redisParrot(t *testing.T, form string) string {
	return testserver.NewRaw(t, func(conn net.Conn, in *bufio.Reader) {
		heard := ""
		for {
			var n, size int
			if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
				return
			}
			args := make([]string, n)
			for i := range args {
				_, _ = fmt.Fscanf(in, "$%d\r\n", &size)
				arg := make([]byte, size+2)
				_, _ = io.ReadFull(in, arg)
				args[i] = string(arg[:size])
			}
			heard += strings.Join(args, " ") + " "
			switch args[0] {
			case "AUTH":
				fmt.Fprintf(conn, form+"\r\n", heard)
			case "PING":
				fmt.Fprint(conn, "+PONG\r\n")
			case "INFO":
				info := "redis_version:" + heard + "\r\nrole:" + heard + "\r\nmaxmemory_policy:" + heard + "\r\n"
				fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(info), info)
			}
		}
	}).Address
}
