package collector

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
)

// parroted is a configuration full of secrets. All its servers are parrots.
type parroted struct {
	t       *testing.T
	secrets map[string]string // by what they are for
	text    string            // of the configuration
}

// secret makes a secret that has to be quoted, in YAML and elsewhere.
func (c *parroted) secret(name string) string {
	c.secrets[name] = fmt.Sprintf("%s-is \"unique%d\" & 100%%/+\\", strings.ReplaceAll(name, " ", "-"), len(c.secrets))
	return "'" + c.secrets[name] + "'"
}

// plain makes a secret without quotes, for places that refuse them.
func (c *parroted) plain(name string) string {
	c.secrets[name] = fmt.Sprintf("%s-is-unique%d", strings.ReplaceAll(name, " ", "-"), len(c.secrets))
	return c.secrets[name]
}

func (c *parroted) inFile(name string) string {
	return testserver.TempFile(c.t, "secret", []byte(strings.Trim(c.secret(name), "'")+"\n"))
}

// configure writes the registries one, two and three. address and redis are the addresses of the parrots.
func (c *parroted) configure(address, redis string, certificate tls.Certificate) {
	certFile, keyFile := testserver.KeyPairFiles(c.t, certificate)
	cert, _ := os.ReadFile(certFile)
	key, _ := os.ReadFile(keyFile)
	block, _ := pem.Decode(key)
	c.secrets["TLS key"], c.secrets["TLS key, decoded"] = strings.Split(string(key), "\n")[1], string(block.Bytes)
	c.text = `
registries:
- name: one
  url: ` + address + `
  timeout: 3s
  http: {basic_auth: {username: monitor, password: ` + c.secret("basic auth") + `}}
  pull: {images: [library/base:1.0], every: 3s, http: {basic_auth: {username: monitor, password: ` + c.plain("pull password") + `}}}
  msr: {http: {basic_auth: {username: monitor, password_file: ` + c.inFile("basic auth file") + `}}}
  debug: {urls: [` + address + `], http: {authorization: {credentials: ` + c.plain("bearer") + `}}}
  nginx:
    urls: [http://127.0.0.1:1/nginx_status]
    http:
      oauth2:
        client_id: monitor
        client_secret: ` + c.secret("client secret") + `
        token_url: ` + address + `/token
        endpoint_params: {assertion: ` + c.secret("endpoint param") + `}
  swift: {auth_url: ` + address + `/auth/v1.0, username: docker:registry, key: ` + c.plain("swift key") + `, container: registry}
  redis: {addr: "` + redis + `", password: ` + c.secret("redis password") + `}
- name: two
  url: ` + address + `
  timeout: 3s
  http:
    http_headers: {X-Api-Key: {secrets: [` + c.secret("header") + `]}, X-Other-Key: {files: [` + c.inFile("header file") + `]}}
    tls_config: {cert: ` + strconv.Quote(string(cert)) + `, key: ` + strconv.Quote(string(key)) + `}
  debug: {urls: [` + address + `], http: {oauth2: {client_id: monitor, client_secret_file: ` + c.inFile("client secret file") + `, token_url: ` + address + `/token}}}
- name: three
  url: http://registry.invalid
  backends: [https://registry.invalid]
  timeout: 3s
  http:
    proxy_url: ` + strings.Replace(address, "http://", "http://user:"+c.plain("proxy password")+"@", 1) + `
    proxy_connect_header: {X-Proxy-Key: [` + c.plain("proxy header") + `]}
    authorization: {credentials_file: ` + testserver.TempFile(c.t, "token", []byte(c.plain("bearer file"))) + `}
`
}

// start makes an exporter whose probes have run. It has sent no other requests, and logs into logged.
func (c *parroted) start(file string, logged io.Writer) *Exporter {
	e, err := New(Options{ConfigFile: file, Registries: true, Logger: log.NewLogfmtLogger(log.NewSyncWriter(logged))})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(e.Stop)
	for _, r := range e.live.Load().registries {
		for _, s := range r.sources {
			if s.Probe != nil {
				s.Probe.Once(c.t.Context())
			}
		}
	}
	e.live.Load().registries[0].add(&source.Source{
		Collector: "api", Address: "panics", Timeout: maxScrape,
		Read: func(context.Context) ([]source.Sample, error) {
			panic(errors.New("the password is " + c.secrets["basic auth"] + " and in base64 " + base64.StdEncoding.EncodeToString([]byte("monitor:"+c.secrets["swift key"]))))
		},
	})
	return e
}

func (c *parroted) get(handler http.HandlerFunc, target string) string {
	w := httptest.NewRecorder()
	handler(w, httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, target, nil))
	return w.Body.String()
}

// pages returns everything that people and Prometheus get to see, by what it is. Each page comes from an exporter that
// sends its secrets for the first time, since a refused secret is not sent again.
func (c *parroted) pages(file string, logged io.Writer) map[string]string {
	shown := map[string]string{
		"/metrics": c.get(c.start(file, logged).ServeMetrics, "/metrics"),
		"/":        c.get(c.start(file, logged).ServeStatus, "/"),
	}
	plain, debug := c.start(file, logged), c.start(file, logged)
	for _, name := range []string{"one", "two", "three"} {
		shown["/probe of "+name] = c.get(plain.ServeProbe, "/probe?registry="+name)
		shown["/probe for people of "+name] = c.get(debug.ServeProbe, "/probe?debug=true&registry="+name)
	}
	shown["/config"], shown["/sd"] = c.get(plain.ServeConfig, "/config"), c.get(plain.ServeDiscovery, "/sd")
	report, err := c.start(file, logged).Check(c.t.Context(), nil, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	var forPeople bytes.Buffer
	_ = report.WriteText(&forPeople, false)
	asJSON, _ := json.Marshal(report)
	shown["check"], shown["check as JSON"] = forPeople.String(), string(asJSON)
	return shown
}

// bareErrors returns the errors of the sources before anything is masked. Errors of clients repeat no secret.
func (c *parroted) bareErrors(e *Exporter) map[string]string {
	shown := map[string]string{}
	for _, r := range e.live.Load().registries {
		for _, s := range r.sources {
			if s.Address == "panics" { // this source repeats secrets on purpose
				continue
			}
			if res := s.Get(c.t.Context(), maxScrape); res.Err != nil {
				shown["error of "+s.Collector+" of "+r.name] = res.Err.Error()
			}
		}
	}
	return shown
}

// mistakes returns the answers to reloads of configurations that each have a mistake at a secret.
func (c *parroted) mistakes(e *Exporter, file string) map[string]string {
	shown := map[string]string{}
	for i, mistake := range []func(string) string{
		func(s string) string { return "{a: " + s + "}" },
		func(s string) string { return "[" + s + "]" },
		func(s string) string { return s + "\n  unknown: true" },
		func(s string) string { return s + ": x: y" },
		func(s string) string { return s + "\n\t- x" },
	} {
		for _, name := range []string{"swift key", "bearer", "redis password", "client secret", "endpoint param", "header", "basic auth", "proxy password"} {
			old := c.secrets[name]
			if strings.Contains(c.text, "'"+old+"'") {
				old = "'" + old + "'"
			}
			if err := os.WriteFile(file, []byte(strings.Replace(c.text, old, mistake(old), 1)), 0o600); err != nil {
				c.t.Fatal(err)
			}
			shown[fmt.Sprintf("reload with mistake %d in %s", i, name)] = c.get(e.ServeReload, "/-/reload")
		}
	}
	return shown
}

// wantHidden fails the test when a text has a secret.
func (c *parroted) wantHidden(shown map[string]string) {
	for where, text := range shown {
		for name, secret := range c.secrets {
			for _, form := range writtenForms(secret) {
				if i := strings.Index(text, form); i >= 0 {
					c.t.Errorf("%s shows the %s: …%s…", where, name, text[max(0, i-150):min(len(text), i+len(form)+20)])
					break
				}
			}
		}
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	certificate := testserver.NewAuthority(t, "CA", nil).Issue(t)
	for _, p := range parrots {
		for _, redisForm := range []string{"-ERR you said %s", "-%s", "+OK %s", "%s"} {
			if redisForm != "-ERR you said %s" && p.name != "body" {
				continue
			}
			t.Run(p.name+"/"+redisForm[:1], func(t *testing.T) {
				t.Parallel()
				c := &parroted{t: t, secrets: map[string]string{}}
				c.configure(p.server(t), redisParrot(t, redisForm), certificate)
				file := testserver.TempFile(t, "registry_exporter.yml", []byte(c.text))
				var logged bytes.Buffer
				shown := c.pages(file, &logged)
				if !strings.Contains(shown["/config"], "<secret>") || !strings.Contains(shown["/probe for people of one"], "panic") ||
					!strings.Contains(shown["/"], "panic") || !strings.Contains(shown["check"], "panic") {
					t.Error("the pages do not show what they should")
				}
				c.wantHidden(shown)
				e := c.start(file, &logged)
				c.wantHidden(c.bareErrors(e))
				c.wantHidden(c.mistakes(e, file))
				c.wantHidden(map[string]string{"log": logged.String()})
			})
		}
	}
}

// writtenForms returns a secret as it stands in headers, URLs, quotes and labels. A test of package source has the forms
// that the mask knows.
func writtenForms(secret string) []string {
	base := func(s string) string { return strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "=") }
	basic := base("monitor:" + secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(strconv.Quote(secret), `"`), strings.Trim(quoteJSON(secret), `"`),
		base(secret), basic[len(basic)-8:], basic[12:],
	}
}
