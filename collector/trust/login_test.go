package trust

import (
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/trust/fakenotary"
)

// withAdmin is a Notary of one's own with the account of its admin.
const withAdmin = "trust: {url: ADDRESS, http: {basic_auth: {username: admin, password: right-password}}}"

func TestLogins(t *testing.T) {
	for _, c := range []struct {
		name, config, password string
		hasRight               bool
		want                   string
	}{
		{"the admin of a Notary", withAdmin, "right-password", true, ""},
		{"a Notary without a login", withAdmin, "", true, ""},
		{"an account without the right", withAdmin, "right-password", false, source.ReasonForbidden},
		{"a wrong password, to a server that gives everybody a token", withAdmin, "another", true, source.ReasonForbidden},
		{"no account", "trust: {url: ADDRESS}", "right-password", true, source.ReasonForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := fakenotary.Start(t)
			server.Password, server.HasRight = c.password, c.hasRight
			tt := &trustTest{T: t, Source: newSource(t, server.Config(c.config), ""), server: server}
			tt.run(c.want)
		})
	}
}

// A token is asked for once, and used until it is refused.
func TestATokenIsGoodForSeveralRuns(t *testing.T) {
	server := fakenotary.Start(t)
	server.Password = "right-password"
	tt := &trustTest{T: t, Source: newSource(t, server.Config(withAdmin), ""), server: server}
	for range 5 {
		tt.run("")
	}
	if got := server.Tokens(); got != 1 {
		t.Errorf("%d tokens, want 1", got)
	}
}

// An MSR is asked at the front of the registry, with the account of msr.
func TestTheLogOfAnMSR(t *testing.T) {
	server := fakenotary.Start(t)
	server.Password = "right-password"
	config := strings.Replace(server.Config("msr: {trust: {}, http: {basic_auth: {username: admin, password: right-password}}}"), "https://msr.example.org", server.URL, 1)
	tt := &trustTest{T: t, Source: newSource(t, config, ""), server: server}
	tt.run("")
	server.Publish(strings.TrimPrefix(server.URL, "http://")+"/library/nginx", "update")
	if got := byRepository(tt.run(""), "update"); got != "library/nginx 1" {
		t.Error(got)
	}
}

// The password of a registry is not sent to a Notary that has no account of its own.
func TestANotaryDoesNotGetThePasswordOfTheRegistry(t *testing.T) {
	server := fakenotary.Start(t)
	server.Password = "right-password"
	tt := &trustTest{T: t, Source: newSource(t, server.Config("trust: {url: ADDRESS}\n  http: {basic_auth: {username: admin, password: right-password}}"), ""), server: server}
	tt.run(source.ReasonForbidden)
}

func TestATokenServerOfAnotherDomainGetsNoPassword(t *testing.T) {
	server := fakenotary.Start(t)
	server.Password, server.URL = "right-password", strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	config := strings.Replace(server.Config(withAdmin), "localhost", "127.0.0.1", 1) // the challenge names localhost
	tt := &trustTest{T: t, Source: newSource(t, config, ""), server: server}
	tt.run(source.ReasonRealmRefused)
	if got := server.Tokens(); got != 0 {
		t.Errorf("%d tokens", got)
	}
}
