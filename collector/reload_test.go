package collector

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/testserver"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestReload(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "")
	file := e.opts.ConfigFile
	reload := func(text string) (status int, body string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return testserver.Ask(t, e.ServeReload, "/-/reload")
	}
	wantState := func(what, shown string, good float64) {
		t.Helper()
		_, page := testserver.Ask(t, e.ServeConfig, "/config")
		if !strings.Contains(page, shown) || testutil.ToFloat64(e.reloadGood) != good {
			t.Errorf("%s: gauge %v, in force\n%s", what, testutil.ToFloat64(e.reloadGood), page)
		}
	}
	wantState("at the start", "name: hub\n", 1)
	if status, body := reload(configOfHub("http://127.0.0.1:1", "  site: eqiad\n")); status != http.StatusOK || body != "configuration loaded\n" {
		t.Errorf("good file: %d %s", status, body)
	}
	wantState("good file", "site: eqiad\n", 1)
	e.reloadTime.Set(1)

	const refused = "reload failed, the old configuration stays in force: "
	for text, want := range map[string]string{
		configOfHub("http://127.0.0.1:1", "  sight: codfw\n"):                                                    ":4:3: registries[0].sight: unknown key: must be one of: access_log, ",
		configOfHub("http://127.0.0.1:1", "  http:\n    basic_auth: {username: monitor, password_file: none}\n"): ":5:52: registries[0].http.basic_auth.password_file: ",
		"": ":1: the file is empty: list at least one registry under registries",
	} {
		if status, body := reload(text); status != http.StatusInternalServerError || !strings.HasPrefix(body, refused+file+want) {
			t.Errorf("%d %s\nwant %s", status, body, refused+file+want)
		}
		wantState("bad file", "site: eqiad\n", 0)
	}
	if at := testutil.ToFloat64(e.reloadTime); at != 1 {
		t.Errorf("the time of the last good load has changed to %v", at)
	}
	reload(configOfHub("http://127.0.0.1:1", "  site: codfw\n"))
	wantState("repaired", "site: codfw\n", 1)
	if at := testutil.ToFloat64(e.reloadTime); time.Since(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("the time of the last good load is %v", at)
	}
}

// A scrape goes on with the sources with which it began.
func TestReloadDuringAScrape(t *testing.T) {
	upstream, asked, _ := startHung(t)
	e := exporterOfHub(t, upstream, "")
	page := make(chan string)
	go func() {
		_, text := testserver.Ask(t, e.ServeMetrics, "/metrics")
		page <- text
	}()
	testserver.WaitUntil(t, "the scrape is under way", func() bool { return asked.Load() == 1 })
	if err := os.WriteFile(e.opts.ConfigFile, []byte(configOfHub("http://127.0.0.1:1", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	e.Stop() // otherwise the scrape would wait for an answer
	testserver.WantLines(t, <-page, `registry_api_up{address="`+strings.TrimPrefix(upstream, "http://")+`",registry="hub",role="front"} 0`)
}

// A file that the configuration names must be there when the configuration is loaded, not only when a source needs it.
func TestFilesThatAreMissingOrWrongAtLoad(t *testing.T) {
	noCA := testserver.TempFile(t, "no-ca.pem", []byte("this is no certificate"))
	for name, c := range map[string]struct{ more, want string }{
		"ca_file missing":              {"  http:\n    tls_config:\n      ca_file: none.pem\n", ":6:16: registries[0].http.tls_config.ca_file"},
		"ca_file is no CA":             {"  http:\n    tls_config:\n      ca_file: " + noCA + "\n", ":6:16: registries[0].http.tls_config.ca_file"},
		"cert_file missing":            {"  http:\n    tls_config: {cert_file: none.pem, key_file: none.key}\n", ":5:29: registries[0].http.tls_config.cert_file"},
		"password_file missing":        {"  http:\n    basic_auth:\n      username: monitor\n      password_file: none\n", ":7:22: registries[0].http.basic_auth.password_file: "},
		"username_file missing":        {"  http:\n    basic_auth:\n      username_file: none\n      password: right-password\n", ":6:22: registries[0].http.basic_auth.username_file: "},
		"credentials_file missing":     {"  http:\n    authorization:\n      credentials_file: none\n", ":6:25: registries[0].http.authorization.credentials_file: "},
		"client_secret_file missing":   {"  http:\n    oauth2: {client_id: a, token_url: 'http://127.0.0.1:1', client_secret_file: none}\n", ":5:81: registries[0].http.oauth2.client_secret_file: "},
		"file of a header missing":     {"  http:\n    http_headers: {X-Key: {files: [none]}}\n", ":5:28: registries[0].http.http_headers.X-Key.files"},
		"msr: password_file missing":   {"  msr:\n    http:\n      basic_auth: {username: admin, password_file: none}\n", ":6:52: registries[0].msr.http.basic_auth.password_file: "},
		"nginx: ca_file missing":       {"  nginx:\n    urls: [https://127.0.0.1:1/nginx_status]\n    http: {tls_config: {ca_file: none}}\n", ":6:34: registries[0].nginx.http.tls_config.ca_file"},
		"debug: ca_file missing":       {"  debug:\n    urls: [https://127.0.0.1:1]\n    http: {tls_config: {ca_file: none}}\n", ":6:34: registries[0].debug.http.tls_config.ca_file"},
		"swift: key_file missing":      {"  swift:\n    auth_url: http://127.0.0.1:1/auth/v1.0\n    username: a\n    container: b\n    key_file: none\n", ":8:15: registries[0].swift.key_file: "},
		"swift: ca_file missing":       {"  swift:\n    auth_url: http://127.0.0.1:1/auth/v1.0\n    username: a\n    container: b\n    key: keykeykey\n    tls_config: {ca_file: none}\n", ":9:27: registries[0].swift.tls_config.ca_file"},
		"redis: password_file missing": {"  redis:\n    addr: 127.0.0.1:1\n    password_file: none\n", ":6:20: registries[0].redis.password_file: "},
		"redis: ca_file missing":       {"  redis:\n    addr: 127.0.0.1:1\n    tls_config: {ca_file: none}\n", ":6:27: registries[0].redis.tls_config.ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := testserver.TempFile(t, "hub.yml", []byte(configOfHub("http://127.0.0.1:1", c.more)))
			_, err := New(Options{ConfigFile: file, Logger: log.NewNopLogger()})
			if err == nil || !strings.HasPrefix(err.Error(), file+c.want) {
				t.Errorf("\n got %v\nwant %s", err, file+c.want)
			}
		})
	}
}

func TestAReloadDuringAnotherIsRefusedAtOnce(t *testing.T) {
	e := exporterOfHub(t, "http://127.0.0.1:1", "")
	e.reloading.Lock()
	status, body := testserver.Ask(t, e.ServeReload, "/-/reload")
	e.reloading.Unlock()
	if status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, body)
	}
	if status, body = testserver.Ask(t, e.ServeReload, "/-/reload"); status != http.StatusOK {
		t.Errorf("after it: %d %s", status, body)
	}
}
