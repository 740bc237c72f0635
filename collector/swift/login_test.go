package swift

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/redis"
	"registry_exporter/collector/source"
)

func TestSwiftAuthVersions(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"v1", "auth_url: ADDRESS/auth/v1.0", ""},
		{"v1 without a v", "auth_url: ADDRESS/auth/1.0", ""},
		{"v1 said", "auth_url: ADDRESS/auth/v3/v1.0, auth_version: 1", ""},
		{"v2", "auth_url: ADDRESS/v2.0, tenant: docker, region: eqiad", ""},
		{"v2 with the first region", "auth_url: ADDRESS/v2.0, tenant: docker", source.ReasonNotFound},
		{"v2 with a region that is none", "auth_url: ADDRESS/v2.0, tenant: docker, region: esams", source.ReasonBadAnswer},
		{"v2 with another tenant", "auth_url: ADDRESS/v2.0, tenant: others, region: eqiad", source.ReasonUnauthorized},
		{"v3", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 behind a prefix", "auth_url: ADDRESS/identity/v3/, tenant: docker, domain: Default, region: eqiad", ""},
		{"v3 with another domain", "auth_url: ADDRESS/v3, tenant: docker, domain: default, region: eqiad", source.ReasonUnauthorized},
		{"v3 with a region that is none", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams", source.ReasonBadAnswer},
		{"v3 with the storage URL said", "auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: esams, storage_url: ADDRESS/v1/AUTH_docker", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			res := collectortest.New(t, server.config(c.config)).readOne(t, "swift")
			msr.wantReason(t, res.Err, c.want)
			redis.wantValue(t, res, reachable, source.Bool01(c.want == ""))
		})
	}
}

func TestSwiftTokenIsKept(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.config(""))
	wantSteps(t, e.readOne(t, "swift"), "auth", "container")
	wantSteps(t, e.readOne(t, "swift"), "container")
	server.wantLogins(t, 1)
}

func TestSwiftTokenIsRenewed(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.config(""))
	store := testSwiftStore(t, e)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	store.since = time.Now().Add(-loginEvery)
	wantSteps(t, resultOf(store.read(t.Context())), "auth", "container")
	wantSteps(t, resultOf(store.read(t.Context())), "container")
	server.wantLogins(t, 2)
}

func TestSwiftTokenEndedBetweenScrapes(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.config(""))
	e.readOne(t, "swift")
	server.revoke()
	res := e.readOne(t, "swift")
	msr.wantReason(t, res.Err, "")
	redis.wantValue(t, res, reachable, 1)
	wantSteps(t, res, "auth", "container")
	server.wantLogins(t, 2)
}

func TestSwiftRefusesEveryToken(t *testing.T) {
	server := startSwift(t)
	e := collectortest.New(t, server.config(""))
	e.readOne(t, "swift")
	server.container = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	for scrape := range 3 {
		res := e.readOne(t, "swift")
		msr.wantReason(t, res.Err, source.ReasonUnauthorized)
		redis.wantValue(t, res, reachable, 0)
		server.wantLogins(t, 2+scrape) // one for each scrape
	}
}

// The clock of the exporter may differ from that of Keystone.
func TestSwiftTokenThatSeemsToHaveEnded(t *testing.T) {
	server := startSwift(t)
	server.expires = time.Now().Add(-time.Hour)
	e := collectortest.New(t, server.config("auth_url: ADDRESS/v3, tenant: docker, domain: Default, region: eqiad"))
	for range 2 {
		res := e.readOne(t, "swift")
		msr.wantReason(t, res.Err, "")
		redis.wantValue(t, res, reachable, 1)
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
			e := collectortest.New(t, server.config(version))
			for range 3 {
				res := e.readOne(t, "swift")
				msr.wantReason(t, res.Err, source.ReasonUnauthorized)
				redis.wantValue(t, res, reachable, 0)
			}
			server.wantLogins(t, 1)
		})
	}
}

func TestSwiftChangedKeyIsTriedAtOnce(t *testing.T) {
	server := startSwift(t)
	file := filepath.Join(t.TempDir(), "key")
	redis.writeFile(t, file, "wrongwrong")
	e := collectortest.New(t, strings.Replace(server.config(""), "key: "+server.key, "key_file: "+file, 1))
	msr.wantReason(t, e.readOne(t, "swift").Err, source.ReasonUnauthorized)
	redis.writeFile(t, file, server.key+"\n")
	res := e.readOne(t, "swift")
	msr.wantReason(t, res.Err, "")
	redis.wantValue(t, res, reachable, 1)
	server.wantLogins(t, 2)
}

func TestSwiftKeystoneAnswers(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"html", "<html>Welcome</html>", source.ReasonBadAnswer},
		{"nothing", "", source.ReasonBadAnswer},
		{"empty object", "{}", source.ReasonBadAnswer},
		{"another shape", `{"token":[1,2]}`, source.ReasonBadAnswer},
		{"truncated", `{"token":{"user":{"na`, source.ReasonShortRead},
		{"deep nesting", strings.Repeat("[", 20000), source.ReasonBadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSwift(t)
			server.login = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "tk")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, c.answer)
			}
			res := collectortest.New(t, server.config("auth_url: ADDRESS/v3, tenant: docker")).readOne(t, "swift")
			msr.wantReason(t, res.Err, c.want)
			redis.wantValue(t, res, reachable, 0)
		})
	}
}
