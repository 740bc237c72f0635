package ask

import (
	"registry_exporter/collector/testserver"
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"

	"github.com/go-kit/log"
)

// A parrot is a server that answers each request with what it was sent, somewhere.
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

// server speaks HTTP, as an origin and as a proxy. When it is asked without credentials it asks for them.
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
	}).address
}

// redisParrot answers AUTH in a form, and INFO, with everything that it was sent.
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
	}).address
}

func TestSecretsAreNeverShown(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	certFile, keyFile := testserver.KeyPairFiles(t, ca.Issue(t))
	cert, _ := os.ReadFile(certFile)
	key, _ := os.ReadFile(keyFile)
	block, _ := pem.Decode(key)
	for _, p := range parrots {
		for _, redisForm := range []string{"-ERR you said %s", "-%s", "+OK %s", "%s"} {
			if redisForm != "-ERR you said %s" && p.name != "body" {
				continue
			}
			t.Run(p.name+"/"+redisForm[:1], func(t *testing.T) {
				t.Parallel()
				all := map[string]string{}
				secret := func(name string) string {
					all[name] = fmt.Sprintf("%s-is \"unique%d\" & 100%%/+\\", strings.ReplaceAll(name, " ", "-"), len(all))
					return "'" + all[name] + "'"
				}
				plain := func(name string) string { // where quotes would be refused
					all[name] = fmt.Sprintf("%s-is-unique%d", strings.ReplaceAll(name, " ", "-"), len(all))
					return all[name]
				}
				inFile := func(name string) string {
					return testserver.TempFile(t, "secret", []byte(strings.Trim(secret(name), "'")+"\n"))
				}
				all["TLS key"] = strings.Split(string(key), "\n")[1]
				address := p.server(t)
				text := `
registries:
- name: one
  url: ` + address + `
  timeout: 3s
  http: {basic_auth: {username: monitor, password: ` + secret("basic auth") + `}}
  pull: {images: [library/base:1.0], every: 3s, http: {basic_auth: {username: monitor, password: ` + plain("pull password") + `}}}
  msr: {http: {basic_auth: {username: monitor, password_file: ` + inFile("basic auth file") + `}}}
  debug: {urls: [` + address + `], http: {authorization: {credentials: ` + plain("bearer") + `}}}
  nginx:
    urls: [http://127.0.0.1:1/nginx_status]
    http:
      oauth2:
        client_id: monitor
        client_secret: ` + secret("client secret") + `
        token_url: ` + address + `/token
        endpoint_params: {assertion: ` + secret("endpoint param") + `}
  swift: {auth_url: ` + address + `/auth/v1.0, username: docker:registry, key: ` + plain("swift key") + `, container: registry}
  redis: {addr: "` + redisParrot(t, redisForm) + `", password: ` + secret("redis password") + `}
- name: two
  url: ` + address + `
  timeout: 3s
  http:
    http_headers: {X-Api-Key: {secrets: [` + secret("header") + `]}, X-Other-Key: {files: [` + inFile("header file") + `]}}
    tls_config: {cert: ` + strconv.Quote(string(cert)) + `, key: ` + strconv.Quote(string(key)) + `}
  debug: {urls: [` + address + `], http: {oauth2: {client_id: monitor, client_secret_file: ` + inFile("client secret file") + `, token_url: ` + address + `/token}}}
- name: three
  url: http://registry.invalid
  backends: [https://registry.invalid]
  timeout: 3s
  http:
    proxy_url: ` + strings.Replace(address, "http://", "http://user:"+plain("proxy password")+"@", 1) + `
    proxy_connect_header: {X-Proxy-Key: [` + plain("proxy header") + `]}
    authorization: {credentials_file: ` + testserver.TempFile(t, "token", []byte(plain("bearer file"))) + `}
`
				file := testserver.TempFile(t, "registry_exporter.yml", []byte(text))
				var logged bytes.Buffer
				e, err := collector.New(collector.Options{ConfigFile: file, Registries: true, Logger: log.NewLogfmtLogger(log.NewSyncWriter(&logged))})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Stop()
				shown := map[string]string{}
				for _, r := range e.live.Load().registries {
					for _, s := range r.sources { // before anything is masked: the errors of clients repeat nothing
						if s.Probe != nil {
							s.Probe.Once(t.Context())
						}
						if res := s.Get(t.Context(), collector.maxScrape); res.Err != nil {
							shown["error of "+s.Collector+" of "+r.name] = res.Err.Error()
						}
					}
				}
				first := e.live.Load().registries[0]
				first.add(&source.Source{
					Collector: "api", Endpoint: "panics", Timeout: collector.maxScrape,
					Read: func(context.Context) ([]source.Sample, error) {
						panic(errors.New("the password is " + all["basic auth"] + " and in base64 " + base64.StdEncoding.EncodeToString([]byte("monitor:"+all["swift key"]))))
					},
				})
				get := func(name string, handler http.HandlerFunc, target string) {
					w := httptest.NewRecorder()
					handler(w, httptest.NewRequest(http.MethodGet, target, nil))
					shown[name] = w.Body.String()
				}
				e.lockout.age(lockoutTime)
				get("/metrics", e.ServeMetrics, "/metrics")
				for _, name := range []string{"one", "two", "three"} {
					e.lockout.age(lockoutTime)
					get("/probe of "+name, e.ServeProbe, "/probe?registry="+name)
					e.lockout.age(lockoutTime)
					get("/probe for people of "+name, e.ServeProbe, "/probe?debug=true&registry="+name)
				}
				get("/config", e.ServeConfig, "/config")
				get("/sd", e.ServeDiscovery, "/sd")
				e.lockout.age(lockoutTime)
				get("/", e.ServeStatus, "/")
				e.lockout.age(lockoutTime)
				report, err := e.Check(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				var forPeople bytes.Buffer
				_ = report.WriteText(&forPeople, false)
				asJSON, _ := json.Marshal(report)
				shown["check"], shown["check as JSON"] = forPeople.String(), string(asJSON)
				if !strings.Contains(shown["/config"], "<secret>") || !strings.Contains(shown["/probe for people of one"], "panic") ||
					!strings.Contains(shown["/"], "panic") || !strings.Contains(shown["check"], "panic") {
					t.Error("the pages do not show what they should")
				}
				for i, mistake := range []func(string) string{
					func(s string) string { return "{a: " + s + "}" },
					func(s string) string { return "[" + s + "]" },
					func(s string) string { return s + "\n  unknown: true" },
					func(s string) string { return s + ": x: y" },
					func(s string) string { return s + "\n\t- x" },
				} {
					for _, name := range []string{"swift key", "bearer", "redis password", "client secret", "endpoint param", "header", "basic auth", "proxy password"} {
						old := all[name]
						if strings.Contains(text, "'"+old+"'") {
							old = "'" + old + "'"
						}
						if err := os.WriteFile(file, []byte(strings.Replace(text, old, mistake(old), 1)), 0o600); err != nil {
							t.Fatal(err)
						}
						get(fmt.Sprintf("reload with mistake %d in %s", i, name), e.ServeReload, "/-/reload")
					}
				}
				shown["log"] = logged.String()
				all["TLS key, decoded"] = string(block.Bytes)
				for where, text := range shown {
					for name, secret := range all {
						for _, form := range writtenForms(secret) {
							if i := strings.Index(text, form); i >= 0 {
								t.Errorf("%s shows the %s: …%s…", where, name, text[max(0, i-150):min(len(text), i+len(form)+20)])
								break
							}
						}
					}
				}
			})
		}
	}
}

// writtenForms are a secret, and what it becomes in headers, URLs, quotes and labels. (Not those that the code knows: its own test.)
func writtenForms(secret string) []string {
	base := func(s string) string { return strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "=") }
	basic := base("monitor:" + secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(strconv.Quote(secret), `"`), strings.Trim(quoteJSON(secret), `"`),
		base(secret), basic[len(basic)-8:], basic[12:],
	}
}
