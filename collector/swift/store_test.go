package swift

import (
	"registry_exporter/collector/testserver"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"

	"github.com/go-kit/log"
	"github.com/ncw/swift/v2"
	"github.com/ncw/swift/v2/swifttest"
)

// The library's own test server is not ours: it speaks v1 as somebody else understands it.
func TestSwiftAgainstSwifttest(t *testing.T) {
	server, err := swifttest.NewSwiftServer("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	owner := swift.Connection{
		UserName: swifttest.TEST_ACCOUNT, ApiKey: swifttest.TEST_ACCOUNT, AuthUrl: server.AuthURL,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	if err := owner.ContainerCreate(t.Context(), "registry", nil); err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{"a", "bb"} {
		if err := owner.ObjectPutString(t.Context(), "registry", object, object, "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	config := func(key, container string) string {
		return "registries:\n- name: hub\n  url: http://registry.example.org\n  swift: {auth_url: '" + server.AuthURL +
			"', username: " + swifttest.TEST_ACCOUNT + ", key: " + key + ", container: " + container + "}\n"
	}
	res := collectortest.New(t, config(swifttest.TEST_ACCOUNT, "registry")).readOne(t, "swift")
	msr.wantReason(t, res.Err, "")
	redis.wantValue(t, res, reachable, 1)
	redis.wantValue(t, res, containerObjects, 2)
	redis.wantValue(t, res, containerBytes, 3)

	res = collectortest.New(t, config(swifttest.TEST_ACCOUNT, "missing")).readOne(t, "swift")
	msr.wantReason(t, res.Err, source.ReasonNotFound)
	redis.wantValue(t, res, reachable, 0)
}

func TestSwiftConfigIsRefused(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"no version", "auth_url: http://swift.example.org/auth", "auth_version is missing"},
		{"a version that is none", "auth_url: http://v3.example.org/auth/v10", "auth_version is missing"},
		{"a storage URL without account", "auth_url: http://swift.example.org/auth/v1.0, storage_url: http://swift.example.org/", "must end in the account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := (&fakeSwift{Server: &httptest.Server{}}).config(c.config)
			file := filepath.Join(t.TempDir(), "registry_exporter.yml")
			redis.writeFile(t, file, text)
			_, err := collector.New(collector.Options{ConfigFile: file, Logger: log.NewNopLogger()})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file+":4") {
				t.Errorf("got %v, want line 4 and %q", err, c.want)
			}
		})
	}
}

func TestSwiftTLS(t *testing.T) {
	_, ca, _, _ := redis.exampleCertificate(t)
	server := startSwift(t)
	front := httptest.NewTLSServer(server.Config.Handler)
	defer front.Close()
	for _, c := range []struct{ name, tlsConfig, want string }{
		{"good", "ca_file: " + ca, ""},
		{"other name", "server_name: swift.example.org, ca_file: " + ca, source.ReasonTLSHostname},
		{"unknown authority", "server_name: example.com", source.ReasonTLSUnknownAuthority},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := collectortest.New(t, server.config("auth_url: "+front.URL+"/auth/v1.0, tls_config: {"+c.tlsConfig+"}")).readOne(t, "swift")
			msr.wantReason(t, res.Err, c.want)
			redis.wantValue(t, res, reachable, source.Bool01(c.want == ""))
		})
	}
}

func TestSwiftHangs(t *testing.T) {
	t.Run("at the container", func(t *testing.T) {
		t.Parallel()
		server := startSwift(t)
		server.container = testserver.Hang
		e := collectortest.New(t, server.config("")+"  timeout: 3s\n") // in which it logs in
		res := e.readOne(t, "swift")
		msr.wantReason(t, res.Err, source.ReasonTimeout)
		redis.wantValue(t, res, reachable, 0)
		wantSteps(t, res, "auth")

		msr.wantReason(t, e.readOne(t, "swift").Err, source.ReasonTimeout)
		server.wantLogins(t, 1) // a slow Swift is not made slower
	})
	t.Run("at the login", func(t *testing.T) {
		server := startSwift(t)
		server.login = testserver.Hang
		res := collectortest.New(t, server.config("")+"  timeout: 300ms\n").readOne(t, "swift")
		msr.wantReason(t, res.Err, source.ReasonTimeout)
		redis.wantValue(t, res, reachable, 0)
		wantSteps(t, res)
	})
}

func TestSwiftEndlessAnswers(t *testing.T) {
	t.Run("to a login by header", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Auth-Token", server.newToken())
			w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_docker")
			testserver.WriteEndlessly(w)
		}
		msr.wantReason(t, collectortest.New(t, server.config("")).readOne(t, "swift").Err, "")
	})
	t.Run("to a login by JSON", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"token":{"user":{"name":"`)
			testserver.WriteEndlessly(w)
		}
		res := collectortest.New(t, server.config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
		msr.wantReason(t, res.Err, source.ReasonTooLarge)
	})
	t.Run("in an error", func(t *testing.T) {
		server := startSwift(t)
		server.login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusServiceUnavailable)
			testserver.WriteEndlessly(w)
		}
		msr.wantReason(t, collectortest.New(t, server.config("")).readOne(t, "swift").Err, source.ReasonUnavailable)
	})
}

func TestSwiftCredentialsDoNotFollowARedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}

	server := startSwift(t)
	server.login = away
	msr.wantReason(t, collectortest.New(t, server.config("")).readOne(t, "swift").Err, source.ReasonRedirected)
	server = startSwift(t)
	server.container = away
	msr.wantReason(t, collectortest.New(t, server.config("")).readOne(t, "swift").Err, source.ReasonRedirected)
	if asked {
		t.Error("the other host was asked")
	}
}

// A server may repeat in an error what it was sent.
func TestSwiftSecretsStayOutOfTheLog(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "No access with %s%s", r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Token"))
	}
	for _, at := range []string{"login", "container", "counts"} {
		t.Run(at, func(t *testing.T) {
			server := startSwift(t)
			switch at {
			case "login":
				server.login = echo
			case "container":
				server.container = echo
			case "counts":
				server.container = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Container-Bytes-Used", r.Header.Get("X-Auth-Token"))
				}
			}
			var logged bytes.Buffer
			e := collectortest.New(t, server.config(""))
			e.opts.Logger = log.NewLogfmtLogger(&logged)
			page := httptest.NewRecorder()
			e.ServeProbe(page, httptest.NewRequest(http.MethodGet, "/probe?registry=hub&collect[]=swift&debug=true", nil))
			for _, text := range []string{logged.String(), page.Body.String()} {
				if !strings.Contains(text, "source fails") || strings.Contains(text, server.key) || strings.Contains(text, "AUTH_tk") {
					t.Errorf("want a failure without key and token, got %s", text)
				}
			}
		})
	}
}
