package ask

import (
	"registry_exporter/collector/testserver"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/distribution"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"
)

// A secret that ends behind the byte at which a label is cut would be half shown.
func TestSecretAcrossTheEndOfALabel(t *testing.T) {
	const password = "the-right-password"
	for inside := 1; inside < len(password); inside++ {
		check := "/" + strings.Repeat("x", source.MaxLabelBytes-1-inside)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, heard, _ := r.BasicAuth()
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{%q: "x"}`, check+heard+" and more")
		}))
		defer server.Close()
		e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid", "  debug: {urls: ["+server.URL+"], http: {basic_auth: {username: monitor, password: "+password+"}}}\n"))
		res := e.readOne(t, "health")
		redis.wantValue(t, res, distribution.healthFailing, 1)
		for _, s := range res.Samples {
			if want := check + "<secret> and more"; s.Metric == distribution.healthFailing && s.Labels[1] != want[:min(len(want), source.MaxLabelBytes)] {
				t.Fatalf("with %d bytes inside: %q", inside, s.Labels[1])
			}
		}
	}
}

func TestSecretThatIsTheBeginningOfAnother(t *testing.T) {
	hidden := Secrets{newSecret("hunter", ""), newSecret("hunter-of-two", ""), newSecret("hunter-of", "")}.Mask()
	if got := hidden.Hide("a hunter-of-two, a hunter-of, a hunter"); got != "a <secret>, a <secret>, a <secret>" {
		t.Errorf("got %q", got)
	}
}

// fileOfSecret is a file for a password, and the lines that make a debug server want it.
func fileOfSecret(t *testing.T, url, password string) (file, lines string) {
	t.Helper()
	file = testserver.TempFile(t, "password", []byte(password))
	return file, "  debug: {urls: [" + url + "], http: {basic_auth: {username: monitor, password_file: " + file + "}}}\n"
}

// The server echoes what it heard, when the file already holds another secret.
func TestSecretThatChangesDuringAScrapeIsMasked(t *testing.T) {
	var file string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, heard, _ := r.BasicAuth()
		redis.writeFile(t, file, "another-password")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"/%s": "x"}`, heard)
	}))
	defer server.Close()
	file, lines := fileOfSecret(t, server.URL, "first-password")
	e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid", lines))
	for range 3 {
		redis.writeFile(t, file, "first-password")
		if _, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=health"); !strings.Contains(page, `check="/<secret>"`) || strings.Contains(page, "password") {
			t.Fatalf("the secret is on\n%s", page)
		}
	}
}

func TestLastTwoValuesOfASecretAreMasked(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("password-1"))
	s := newSecret("", file)
	for i := 1; i <= 4; i++ {
		redis.writeFile(t, file, fmt.Sprintf("password-%d\n", i))
		for range 2 {
			if value, err := s.Fetch(t.Context()); err != nil || value != fmt.Sprintf("password-%d", i) {
				t.Fatal(value, err)
			}
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := (Secrets{s}).Mask().Hide("password-2 password-3 password-4"); got != "password-2 <secret> <secret>" {
		t.Errorf("got %q", got)
	}
}

func TestFileOfAHeaderIsMaskedAsItWasSent(t *testing.T) {
	file := testserver.TempFile(t, "key", []byte("first-api-key\n"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"/%s": "x"}`, strings.Join(r.Header.Values("X-Api-Key"), " "))
	}))
	defer server.Close()
	e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid",
		"  debug: {urls: ["+server.URL+"], http: {http_headers: {X-Api-Key: {values: [plain], secrets: [in-the-configuration], files: ["+file+"]}}}}\n"))
	redis.writeFile(t, file, "second-api-key\n")
	_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub&collect[]=health")
	if !strings.Contains(page, `check="/plain <secret> <secret>"`) {
		t.Errorf("no such check on\n%s", page)
	}
}

// A named pipe is a file that cannot be read until somebody writes, such as one on a file system that hangs.
func TestSecretFileThatHangs(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			asked.Add(1)
		}
		openRegistry(w, r)
	}))
	defer server.Close()
	file, lines := fileOfSecret(t, server.URL, "right-password")
	e := collectortest.New(t, collectortest.HubConfig(server.URL, lines+"  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n"))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Skipf("no named pipe: %s", err)
	}
	s := e.live.Load().registries[0].secrets[0]
	var reading *secretReading
	for range 2 {
		_, page := collectortest.Ask(t, e.ServeProbe, "/probe?registry=hub", "X-Prometheus-Scrape-Timeout-Seconds", "3")
		for _, collector := range []string{"api", "health"} {
			collectortest.WantLines(t, page, `registry_collector_failure{collector="`+collector+`",endpoint="`+server.Listener.Addr().String()+`",reason="timeout",registry="hub"} 1`)
		}
		collectortest.WantLines(t, page, `registry_api_up{endpoint="`+server.Listener.Addr().String()+`",registry="hub",role="front"} 1`)
		if strings.Contains(page, "registry_api_authorized{") {
			t.Errorf("nobody was asked, and there is a verdict on\n%s", page)
		}
		s.mu.Lock()
		if reading == nil {
			reading = s.reading
		}
		if s.reading == nil || s.reading != reading {
			t.Error("each scrape leaves another reading behind")
		}
		s.mu.Unlock()
	}
	if asked.Load() != 0 {
		t.Errorf("something was sent %d times", asked.Load())
	}
	if err := os.WriteFile(file, []byte("right-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	<-reading.done
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	redis.writeFile(t, file, "right-password")
	got := e.scrapeNow(t, "api")
	got.wantReason(t, "")
	got.wantSamples(t, map[string]float64{"registry_api_authorized{": 1})
}

func TestSecretFileThatIsGone(t *testing.T) {
	for name, challenge := range map[string]string{"basic auth": `Basic realm="x"`, "token flow": `Bearer realm="http://127.0.0.1:1/token"`} {
		t.Run(name, func(t *testing.T) {
			var seen recorder
			server := httptest.NewServer(seen.record(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			defer server.Close()
			file := testserver.TempFile(t, "password", []byte("right-password"))
			e := collectortest.New(t, collectortest.HubConfig(server.URL, "  http: {basic_auth: {username: monitor, password_file: "+file+"}}\n"))
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			got := e.scrapeNow(t, "api")
			got.wantReason(t, source.ReasonUnauthorized)
			got.wantSamples(t, map[string]float64{"registry_api_up{": 1})
			got.wantNone(t, "registry_api_authorized{")
			if n := len(seen.requests()); n != 1 {
				t.Errorf("%d requests, want the one without credentials", n)
			}
			if res := e.readOne(t, "api"); !strings.Contains(fmt.Sprint(res.Err), "a secret cannot be read: ") {
				t.Errorf("the error does not say so: %v", res.Err)
			}
		})
	}
}

func TestOneSecretHasOneReader(t *testing.T) {
	file := testserver.TempFile(t, "password", []byte("right-password"))
	e := collectortest.New(t, collectortest.HubConfig("http://registry.invalid", `  backends: [http://10.0.0.1, http://10.0.0.2]
  http: {basic_auth: {username: monitor, password_file: `+file+`}}
  msr: {replicas: [http://10.0.0.3, http://10.0.0.4], http: {basic_auth: {username: admin, password: inline-password}}}
`))
	if n := len(e.live.Load().registries[0].secrets); n != 2 {
		t.Errorf("%d readers of two secrets", n)
	}
}

func TestSecretThatIsNotUTF8InAKeyOfAnAnswer(t *testing.T) {
	for _, secret := range []string{"my-pass\xffword", "my-pass\xff\xfeword"} {
		failing, err := distribution.failingChecks([]byte(`{"/etc/`+secret+`":"x"}`), msr.testEndpoint)
		if err != nil {
			t.Fatal(err)
		}
		if got := source.NewMask(secret).samples(failing)[0].Labels[1]; got != "/etc/<secret>" {
			t.Errorf("shown as %q", got)
		}
	}
}
