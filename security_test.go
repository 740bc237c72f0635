package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"registry_exporter/collector/testserver"
)

// serverAt starts a server at an address of its own, and keeps the requests.
func serverAt(t *testing.T, host string, handler http.HandlerFunc) (url string, seen *testserver.Recorder) {
	t.Helper()
	seen = &testserver.Recorder{}
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: seen.Record(handler)}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, seen
}

// giveToken gives everybody a token.
func giveToken(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"tok"}`) }

func TestAHijackedFrontLearnsNoPassword(t *testing.T) {
	t.Parallel()
	thief, stolen := serverAt(t, "127.0.0.2", giveToken)
	front, _ := serverAt(t, "127.0.0.1", testserver.BearerRegistry(thief+"/t"))
	text := hub(front) + "  http: {basic_auth: {username: admin, password: S3cretAdminPw}}\n  pull: {images: [\"library/base:1.0\"]}\n"
	config := writeFile(t, "c.yml", text)
	stdout, _, code := execute(t, "--config.file="+config, "check")
	host := strings.TrimPrefix(thief, "http://")
	for _, words := range []string{"realm_refused", "tokens from " + host, `realms: ["` + host + `"]`} {
		if !strings.Contains(stdout, words) {
			t.Errorf("no %q in\n%s", words, stdout)
		}
	}
	if n := len(stolen.Requests()); n != 0 || code != 1 {
		t.Errorf("the thief saw %d requests, exit %d", n, code)
	}
	if stdout, _, code := execute(t, "--config.file="+config, "--config.check"); code != 0 || !strings.Contains(stdout, "note: ") || !strings.Contains(stdout, "realms") {
		t.Errorf("--config.check says nothing of token servers: exit %d\n%s", code, stdout)
	}
	named := writeFile(t, "c.yml", text+"  realms: ["+host+"]\n")
	if stdout, _, _ := execute(t, "--config.file="+named, "check"); len(stolen.Requests()) == 0 || !strings.Contains(stdout, "let in") {
		t.Errorf("a realm that is named is not asked:\n%s", stdout)
	}
}

func TestReloadingOverHTTPIsOffUnlessAFlagSaysSo(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]int{"--no-web.enable-lifecycle": http.StatusForbidden, "--web.enable-lifecycle": http.StatusOK} {
		p := startHub(t, flag)
		if status, page := fetch(t, http.DefaultClient, http.MethodPost, "http://"+p.address+"/-/reload"); status != want {
			t.Errorf("%s: %d %s", flag, status, page)
		}
	}
}

func TestAPageOfAnotherSiteCannotReload(t *testing.T) {
	t.Parallel()
	p := startHub(t, "--web.enable-lifecycle")
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, err := http.NewRequest(http.MethodPost, "http://"+p.address+"/-/reload", strings.NewReader("x=y"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("with %s: %s", header, resp.Status)
		}
	}
}
