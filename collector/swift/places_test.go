package swift

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/source"
	"registry_exporter/collector/swift/fakeswift"
	"registry_exporter/collector/testserver"
)

// sendTo answers a login with a storage URL.
func sendTo(storage *string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Storage-Url", *storage+"/v1/AUTH_docker")
		w.Header().Set("X-Auth-Token", "AUTH_tk_secret")
	}
}

func TestATokenDoesNotGoFromHTTPSToHTTP(t *testing.T) {
	authority := testserver.NewAuthority(t, "CA", nil)
	var stolen testserver.Recorder
	thief := httptest.NewServer(stolen.Record(func(http.ResponseWriter, *http.Request) {}))
	defer thief.Close()
	server := fakeswift.Start(t)
	server.Login = sendTo(&thief.URL)
	front := testserver.Showing(t, authority.Issue(t, testserver.ForNames("127.0.0.1")), server.Server.Config.Handler.ServeHTTP)
	res := newSources(t, server.Config("auth_url: "+front.URL+"/auth/v1.0, tls_config: {ca_file: "+authority.File(t)+"}")).readOne(t, "swift")
	wantReason(t, res.Err, source.ReasonRedirectRefused)
	if n := len(stolen.Requests()); n != 0 {
		t.Errorf("the thief saw %d requests", n)
	}
}

func TestATokenGoesToTheStoreOfTheFirstLoginAlone(t *testing.T) {
	var stolen testserver.Recorder
	thief := httptest.NewServer(stolen.Record(func(http.ResponseWriter, *http.Request) {}))
	defer thief.Close()
	server := fakeswift.Start(t)
	storage := server.URL
	server.Login = sendTo(&storage)
	server.Container = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	e := newSources(t, server.Config(""))
	wantReason(t, e.readOne(t, "swift").Err, source.ReasonUnauthorized) // the next reading logs in again
	storage = thief.URL
	err := e.readOne(t, "swift").Err
	wantReason(t, err, source.ReasonRedirectRefused)
	host := strings.TrimPrefix(thief.URL, "http://")
	if facts := strings.Join(e["swift"].Words.Facts(&source.View{}, source.Result{Err: err}), ", "); strings.Contains(facts, "tokens go to") {
		t.Errorf("no token goes anywhere: %s", facts)
	}
	if n := len(stolen.Requests()); n != 0 || !strings.Contains(err.Error(), host) || !strings.Contains(err.Error(), "storage_url") {
		t.Errorf("the thief saw %d requests: %v", n, err)
	}
}

// People see where the token goes, as they see the token server of a registry.
func TestTheStorageHostOfTheLoginIsAFact(t *testing.T) {
	server := fakeswift.Start(t)
	host := strings.TrimPrefix(server.URL, "http://")
	for name, c := range map[string]struct {
		storage, config, want string
	}{
		"named by the login":         {storage: server.URL, want: "tokens go to " + host},
		"named by the configuration": {storage: "http://storage.invalid", config: "storage_url: ADDRESS/v1/AUTH_docker, auth_url: ADDRESS/auth/v1.0", want: "tokens go to " + host},
		"of a store that is down":    {storage: "http://127.0.0.1:1", want: "tokens go to 127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			server.Login = sendTo(&c.storage)
			s := newSources(t, server.Config(c.config))["swift"]
			res := s.Get(t.Context(), time.Minute)
			facts := strings.Join(s.Words.Facts(&source.View{}, res), ", ")
			if !strings.Contains(facts, c.want) {
				t.Errorf("facts %q of %v, want %q", facts, res.Err, c.want)
			}
		})
	}
}

func TestATokenDoesNotGoToThisMachine(t *testing.T) {
	var stolen testserver.Recorder
	thief := httptest.NewServer(stolen.Record(func(http.ResponseWriter, *http.Request) {}))
	defer thief.Close()
	server := fakeswift.Start(t)
	local := strings.Replace(thief.URL, "127.0.0.1", "169.254.169.254", 1)
	server.Login = sendTo(&local)
	res := newSources(t, server.Config("")).readOne(t, "swift")
	wantReason(t, res.Err, source.ReasonRedirectRefused)
}

func TestHowAStoreIsWrittenDoesNotMakeItAnother(t *testing.T) {
	auth, _ := url.Parse("https://keystone.example.org/v3")
	for _, c := range []struct {
		name, first, then string
		refused           bool
	}{
		{"in capitals", "https://swift.example.org/v1/a", "https://SWIFT.example.org/v1/a", false},
		{"with its port", "https://swift.example.org/v1/a", "https://swift.example.org:443/v1/a", false},
		{"with a dot", "https://swift.example.org/v1/a", "https://swift.example.org./v1/a", false},
		{"another account of it", "https://swift.example.org/v1/a", "https://swift.example.org/v1/b", false},
		{"an IPv6 address written long", "https://[2001:db8::1]:8080/v1/a", "https://[2001:0db8:0::1]:8080/v1/a", false},
		{"at another port", "https://swift.example.org/v1/a", "https://swift.example.org:8500/v1/a", true},
		{"with http", "https://swift.example.org/v1/a", "http://swift.example.org:443/v1/a", true},
		{"under its domain", "https://swift.example.org/v1/a", "https://consul.example.org/v1/a", true},
		{"a user at its host", "https://swift.example.org/v1/a", "https://swift.example.org@thief.example/v1/a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p places
			for i, text := range []string{c.first, c.then} {
				u, err := url.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.allow(auth, u); (err != nil) != (i == 1 && c.refused) {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
}
