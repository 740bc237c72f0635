package ask_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// refuse answers 401 to requests without the right password.
func refuse(scheme, realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "right-password" {
			testserver.OpenRegistry(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("%s realm=%q", scheme, realm))
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// wrongSecrets are configurations of http with a secret that is refused, and the header that carries it.
var wrongSecrets = []struct{ name, http, header string }{
	{"basic auth", "basic_auth: {username: monitor, password: wrong-password}", "Authorization"},
	{"bearer", "authorization: {credentials: wrong-token}", "Authorization"},
	{"custom header", "http_headers: {X-Api-Key: {secrets: [wrong-key]}}", "X-Api-Key"},
}

func TestScrapesSendARefusedSecretOnce(t *testing.T) {
	for _, c := range wrongSecrets {
		t.Run(c.name, func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(refuse("Basic", "x")))
			defer server.Close()
			e := collectortest.Hub(t, server.URL, "  http: {"+c.http+"}\n")
			scrape := func(want int) {
				t.Helper()
				got := collectortest.Scrape(t, e, "api")
				got.WantReason(t, source.ReasonUnauthorized)
				got.WantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := seen.Carrying(c.header); n != want {
					t.Fatalf("the secret was sent %d times, want %d", n, want)
				}
			}
			scrape(1)
			scrape(1)
			if err := e.Reload(); err != nil {
				t.Fatal(err)
			}
			scrape(2) // after a reload, which people do when they have mended the server
			scrape(2)
			if n := len(seen.Requests()); n != 4+2 {
				t.Errorf("got %d requests, want one without credentials by each of 4 scrapes, and 2 with", n)
			}
		})
	}
}

func TestScrapesSendARefusedSecretOnceToATokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name, http string
		want       int
	}{
		{"token flow", credentialConfigs["basic auth"], 1},
		{"oauth2", credentialConfigs["oauth2"], 2}, // in a header, and then in the body, as some want it
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen testserver.Recorder
			tokens := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
			defer tokens.Close()
			server := httptest.NewServer(testserver.BearerRegistry(tokens.URL + "/token"))
			defer server.Close()
			e := collectortest.Hub(t, server.URL, "  http: {"+strings.ReplaceAll(c.http, "ADDRESS", tokens.URL)+"}\n")
			for range 2 {
				got := collectortest.Scrape(t, e, "api")
				got.WantReason(t, source.ReasonUnauthorized)
				got.WantSamples(t, map[string]float64{"registry_api_up{": 1, "registry_api_authorized{": 0})
				if n := len(seen.Requests()); n != c.want {
					t.Fatalf("the secret was sent %d times, want %d", n, c.want)
				}
			}
		})
	}
}

func TestAChangedPasswordFileIsTriedAtOnce(t *testing.T) {
	var seen testserver.Recorder
	server := httptest.NewServer(seen.Record(refuse("Basic", "x")))
	defer server.Close()
	file := testserver.TempFile(t, "password", []byte("wrong-password\n"))
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+server.URL+"\n  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n")
	collectortest.Scrape(t, e, "api").WantReason(t, source.ReasonUnauthorized)
	collectortest.Scrape(t, e, "api").WantReason(t, source.ReasonUnauthorized)
	if err := os.WriteFile(file, []byte("right-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := collectortest.Scrape(t, e, "api")
	got.WantReason(t, "")
	got.WantSamples(t, map[string]float64{"registry_api_authorized{": 1})
	if n := seen.Carrying("Authorization"); n != 2 {
		t.Errorf("passwords were sent %d times, want each once", n)
	}
}

// TestARefusedSecretGoesToNoOtherAddress: the front and its instances ask one directory, which counts the refusals of the
// account.
func TestARefusedSecretGoesToNoOtherAddress(t *testing.T) {
	var front, backend testserver.Recorder
	a := httptest.NewServer(front.Record(refuse("Basic", "x")))
	defer a.Close()
	b := httptest.NewServer(backend.Record(refuse("Basic", "x")))
	defer b.Close()
	e := collectortest.New(t, "registries:\n- name: hub\n  url: "+a.URL+"\n  backends: ["+b.URL+"]\n  http: {basic_auth: {username: monitor, password: wrong-password}}\n")
	for range 3 {
		collectortest.Scrape(t, e, "api")
	}
	if front.Carrying("Authorization")+backend.Carrying("Authorization") != 1 {
		t.Errorf("the password was sent %d times to the front and %d times to the backend, want once to one of them",
			front.Carrying("Authorization"), backend.Carrying("Authorization"))
	}
}

func TestOnlyARefusalLocksOut(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var seen testserver.Recorder
			server := httptest.NewServer(seen.Record(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, "{}")
			}))
			defer server.Close()
			e := collectortest.New(t, "registries:\n- name: hub\n  url: http://registry.invalid\n  debug: {urls: ["+server.URL+"], http: {basic_auth: {username: monitor, password: right-password}}}\n")
			for range 3 {
				collectortest.Scrape(t, e, "health")
			}
			if n := seen.Carrying("Authorization"); n != 3 {
				t.Errorf("the password was sent %d times, want 3", n)
			}
		})
	}
}

// Scrapes with different timeouts share no reading, and neither do sources.
func TestManyScrapesAtOnceSendAWrongSecretOnce(t *testing.T) {
	for _, c := range []struct {
		name, config string
		requests     int64 // requests with the secret that one try sends
	}{
		{"basic auth", "  http: {basic_auth: {username: monitor, password: wrong-password}}\n", 1},
		{"custom header", "  http: {http_headers: {X-Api-Key: {secrets: [wrong-key]}}}\n", 1},
		{"oauth2", "  http: {oauth2: {client_id: monitor, client_secret: wrong-secret, token_url: ADDRESS/token}}\n", 2}, // in a header, and in the body
		{"api and msr on one host", "  http: {basic_auth: {username: monitor, password: wrong-password}}\n  msr:\n", 1},
		{"swift", "  swift: {auth_url: ADDRESS/auth/v1.0, username: docker:registry, key: wrong-key, container: registry}\n", 1},
		{"redis", "  redis: {addr: 'REDIS', password: wrong-password}\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent atomic.Int64
			refuseLate := func() {
				sent.Add(1)
				time.Sleep(50 * time.Millisecond) // meanwhile other requests come
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization")+r.Header.Get("X-Api-Key")+r.Header.Get("X-Auth-Key") != "" || r.Method == http.MethodPost {
					refuseLate()
				}
				w.Header().Set("WWW-Authenticate", "Basic")
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer server.Close()
			redis := testserver.NewRaw(t, func(conn net.Conn, in *bufio.Reader) {
				if _, err := in.ReadString('\n'); err == nil {
					refuseLate()
					fmt.Fprint(conn, "-WRONGPASS invalid username-password pair\r\n")
				}
			})
			e := collectortest.New(t, collectortest.HubConfig(server.URL, strings.NewReplacer("ADDRESS", server.URL, "REDIS", redis.Address).Replace(c.config)))
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub", "X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(20+i))
					if !strings.Contains(page, `reason="unauthorized"`) {
						t.Errorf("not unauthorized:\n%s", page)
					}
				})
			}
			group.Wait()
			if sent.Load() != c.requests {
				t.Errorf("the secret was sent %d times, want %d", sent.Load(), c.requests)
			}
		})
	}
}
