package swift

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ncw/swift/v2"
	"github.com/ncw/swift/v2/swifttest"

	"registry_exporter/collector/source"
	"registry_exporter/collector/swift/fakeswift"
	"registry_exporter/collector/testserver"
)

// The library brings a test server of its own, whose authors read Swift's API v1 independently of us.
func TestAgainstSwifttest(t *testing.T) {
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
	res := newSources(t, config(swifttest.TEST_ACCOUNT, "registry")).readOne(t, "swift")
	wantReason(t, res.Err, "")
	wantValue(t, res, reachable, 1)
	wantValue(t, res, containerObjects, 2)
	wantValue(t, res, containerBytes, 3)

	res = newSources(t, config(swifttest.TEST_ACCOUNT, "missing")).readOne(t, "swift")
	wantReason(t, res.Err, source.ReasonNotFound)
	wantValue(t, res, reachable, 0)
}

func TestTLS(t *testing.T) {
	authority := testserver.NewAuthority(t, "CA", nil)
	ca := authority.File(t)
	server := fakeswift.Start(t)
	front := testserver.Showing(t, authority.Issue(t, testserver.ForNames("127.0.0.1", "example.com")), server.Server.Config.Handler.ServeHTTP)
	for _, c := range []struct{ name, tlsConfig, want string }{
		{"good", "ca_file: " + ca, ""},
		{"other name", "server_name: swift.example.org, ca_file: " + ca, source.ReasonTLSHostname},
		{"unknown authority", "server_name: example.com", source.ReasonTLSUnknownAuthority},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := newSources(t, server.Config("auth_url: "+front.URL+"/auth/v1.0, storage_url: "+front.URL+"/v1/AUTH_docker, tls_config: {"+c.tlsConfig+"}")).readOne(t, "swift")
			wantReason(t, res.Err, c.want)
			wantValue(t, res, reachable, source.Bool01(c.want == ""))
		})
	}
}

func TestHangs(t *testing.T) {
	t.Run("at the container", func(t *testing.T) {
		t.Parallel()
		server := fakeswift.Start(t)
		server.Container = testserver.Hang
		e := newSources(t, server.Config("")+"  timeout: 2s\n") // enough for a login
		res := e.readOne(t, "swift")
		wantReason(t, res.Err, source.ReasonTimeout)
		wantValue(t, res, reachable, 0)
		wantSteps(t, res, "auth")

		wantReason(t, e.readOne(t, "swift").Err, source.ReasonTimeout)
		server.WantLogins(t, 1) // a login in each scrape would load a Swift that is slow
	})
	t.Run("at the login", func(t *testing.T) {
		server := fakeswift.Start(t)
		server.Login = testserver.Hang
		res := newSources(t, server.Config("")+"  timeout: 300ms\n").readOne(t, "swift")
		wantReason(t, res.Err, source.ReasonTimeout)
		wantValue(t, res, reachable, 0)
		wantSteps(t, res)
	})
}

func TestEndlessAnswers(t *testing.T) {
	t.Run("to a login by header", func(t *testing.T) {
		server := fakeswift.Start(t)
		server.Login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Auth-Token", server.NewToken())
			w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_docker")
			testserver.WriteEndlessly(w)
		}
		wantReason(t, newSources(t, server.Config("")).readOne(t, "swift").Err, "")
	})
	t.Run("to a login by JSON", func(t *testing.T) {
		server := fakeswift.Start(t)
		server.Login = func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"token":{"user":{"name":"`)
			testserver.WriteEndlessly(w)
		}
		res := newSources(t, server.Config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
		wantReason(t, res.Err, source.ReasonTooLarge)
	})
	t.Run("in an error", func(t *testing.T) {
		server := fakeswift.Start(t)
		server.Login = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusServiceUnavailable)
			testserver.WriteEndlessly(w)
		}
		wantReason(t, newSources(t, server.Config("")).readOne(t, "swift").Err, source.ReasonUnavailable)
	})
}

func TestCredentialsDoNotFollowARedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}

	server := fakeswift.Start(t)
	server.Login = away
	wantReason(t, newSources(t, server.Config("")).readOne(t, "swift").Err, source.ReasonRedirected)
	server = fakeswift.Start(t)
	server.Container = away
	wantReason(t, newSources(t, server.Config("")).readOne(t, "swift").Err, source.ReasonRedirected)
	if asked {
		t.Error("the other host was asked")
	}
}
