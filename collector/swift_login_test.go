package collector

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSwiftAuthVersions(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"v1", "auth_url: ADDRESS/auth/v1.0", ""},
		{"v1 without a v", "auth_url: ADDRESS/auth/1.0", ""},
		{"v1 said", "auth_url: ADDRESS/auth/v3/v1.0, auth_version: 1", ""},
		{"v2", "auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad", ""},
		{"v2 with the first region", "auth_url: ADDRESS/v2.0, tenant: docker", reasonNotFound},
		{"v2 with a region that is none", "auth_url: ADDRESS/v2.0, tenant: docker, region: esams", reasonBadAnswer},
		{"v2 with another tenant", "auth_url: ADDRESS/v2.0, tenant: others, region: eqiad", reasonUnauthorized},
		{"v3", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 behind a prefix", "auth_url: ADDRESS/identity/v3/, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 with another domain", "auth_url: ADDRESS/v3, tenant: docker, domain: default, region: eqiad", reasonUnauthorized},
		{"v3 with a region that is none", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams", reasonBadAnswer},
		{"v3 with the storage URL said", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams, storage_url: ADDRESS/v1/AUTH_docker", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			res := newTestExporter(t, server.config(c.config)).readOne(t, "swift")
			wantReason(t, res.err, c.want)
			wantValue(t, res, swiftReachable, bool01(c.want == ""))
		})
	}
}

func TestSwiftTokenIsKept(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	wantSteps(t, e.readOne(t, "swift"), "auth", "container")
	wantSteps(t, e.readOne(t, "swift"), "container")
	server.wantLogins(t, 1)
}

func TestSwiftTokenIsRenewed(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	store := testSwiftStore(t, e)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	store.since = time.Now().Add(-loginEvery)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	wantSteps(t, resultOf(store.read(t.Context())), "container")
	server.wantLogins(t, 2)
}

func TestSwiftTokenEndedBetweenScrapes(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	e.readOne(t, "swift")
	server.revoke()
	res := e.readOne(t, "swift")
	wantReason(t, res.err, "")
	wantValue(t, res, swiftReachable, 1)
	wantSteps(t, res, "auth", "container")
	server.wantLogins(t, 2)
}

func TestSwiftRefusesEveryToken(t *testing.T) {
	server := startSwift(t)
	e := newTestExporter(t, server.config(""))
	e.readOne(t, "swift")
	server.container = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	for scrape := range 3 {
		res := e.readOne(t, "swift")
		wantReason(t, res.err, reasonUnauthorized)
		wantValue(t, res, swiftReachable, 0)
		server.wantLogins(t, 2+scrape) // one for each scrape
	}
}

// The clock of the exporter may differ from that of Keystone.
func TestSwiftTokenThatSeemsToHaveEnded(t *testing.T) {
	server := startSwift(t)
	server.expires = time.Now().Add(-time.Hour)
	e := newTestExporter(t, server.config("auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad"))
	for range 2 {
		res := e.readOne(t, "swift")
		wantReason(t, res.err, "")
		wantValue(t, res, swiftReachable, 1)
	}
	server.wantLogins(t, 1)
}

func TestSwiftWrongKeyIsSentOnce(t *testing.T) {
	for _, version := range []string{
		"auth_url: ADDRESS/auth/v1.0",
		"auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad",
		"auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad",
	} {
		t.Run(version, func(t *testing.T) {
			server := startSwift(t)
			server.key = "another key"
			e := newTestExporter(t, server.config(version))
			for range 3 {
				res := e.readOne(t, "swift")
				wantReason(t, res.err, reasonUnauthorized)
				wantValue(t, res, swiftReachable, 0)
			}
			server.wantLogins(t, 1)
		})
	}
}

func TestSwiftChangedKeyIsTriedAtOnce(t *testing.T) {
	server := startSwift(t)
	file := filepath.Join(t.TempDir(), "key")
	writeFile(t, file, "wrongwrong")
	e := newTestExporter(t, strings.Replace(server.config(""), "key: "+server.key, "key_file: "+file, 1))
	wantReason(t, e.readOne(t, "swift").err, reasonUnauthorized)
	writeFile(t, file, server.key+"\n")
	res := e.readOne(t, "swift")
	wantReason(t, res.err, "")
	wantValue(t, res, swiftReachable, 1)
	server.wantLogins(t, 2)
}

func TestSwiftKeystoneAnswers(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"html", "<html>Welcome</html>", reasonBadAnswer},
		{"nothing", "", reasonBadAnswer},
		{"empty object", "{}", reasonBadAnswer},
		{"another shape", `{"token":[1,2]}`, reasonBadAnswer},
		{"truncated", `{"token":{"user":{"na`, reasonShortRead},
		{"deep nesting", strings.Repeat("[", 20000), reasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			server.login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "tk")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, c.answer)
			}
			res := newTestExporter(t, server.config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
			wantReason(t, res.err, c.want)
			wantValue(t, res, swiftReachable, 0)
		})
	}
}
