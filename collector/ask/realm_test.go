package ask

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
	"registry_exporter/config"
)

const realmLogin = "  http: {basic_auth: {username: admin, password: S3cretAdminPw}}\n"

// realmAt starts a token server at an address of its own. It keeps the requests, and gives everybody a token.
func realmAt(t *testing.T, host string) (realm string, seen *testserver.Recorder) {
	t.Helper()
	seen = &testserver.Recorder{}
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: seen.Record(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) })}}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL + "/t", seen
}

func TestAPasswordGoesOnlyToTokenServersThatTheConfigurationAllows(t *testing.T) {
	for _, c := range []struct {
		name, url, realms, realm string
		refused                  bool
	}{
		{name: "its own host and port", url: "https://registry.example.org", realm: "https://registry.example.org/token"},
		{name: "its own host, another port", url: "https://registry.example.org", realm: "https://registry.example.org:5001/token"},
		{name: "its own host in capitals, with a dot", url: "https://registry.example.org", realm: "https://REGISTRY.example.org./token"},
		{name: "under its domain", url: "https://registry.example.org", realm: "https://auth.example.org/token"},
		{name: "the domain itself", url: "https://registry.example.org", realm: "https://example.org/token"},
		{name: "under a public suffix alone", url: "https://registry.co.uk", realm: "https://auth.co.uk/token", refused: true},
		{name: "another customer of a hoster", url: "https://hub.github.io", realm: "https://thief.github.io/token", refused: true},
		{name: "a domain that ends alike", url: "https://registry.example.org", realm: "https://thief-example.org/token", refused: true},
		{name: "another domain", url: "https://registry.example.org", realm: "https://auth.example.net/token", refused: true},
		{name: "another domain that is named", url: "https://registry.example.org", realms: "[auth.example.net]", realm: "https://auth.example.net/token"},
		{name: "a named host at another port", url: "https://registry.example.org", realms: "[auth.example.net]", realm: "https://auth.example.net:8443/token"},
		{name: "a named port", url: "https://registry.example.org", realms: `["auth.example.net:8443"]`, realm: "https://auth.example.net:8443/token"},
		{name: "another port than the named", url: "https://registry.example.org", realms: `["auth.example.net:8443"]`, realm: "https://auth.example.net/token", refused: true},
		{name: "a name without a domain", url: "https://registry", realm: "https://auth/token", refused: true},
		{name: "the same address, another port", url: "https://10.0.0.1:5000", realm: "https://10.0.0.1:5001/token"},
		{name: "another address", url: "https://10.0.0.1:5000", realm: "https://10.0.0.2:5000/token", refused: true},
		{name: "another address that is named", url: "https://10.0.0.1:5000", realms: "[10.0.0.2]", realm: "https://10.0.0.2:5000/token"},
		{name: "an address behind a name", url: "https://registry.example.org", realm: "https://10.0.0.2/token", refused: true},
		{name: "an address of IPv6 that is named", url: "https://registry.example.org", realms: `["2001:db8::1"]`, realm: "https://[2001:db8::1]:8443/token"},
		{name: "its own name in Punycode", url: "https://registry.exämple.org", realm: "https://xn--registry.exmple-dlb.org/token", refused: true},
		{name: "the domain in Punycode", url: "https://registry.exämple.org", realm: "https://auth.xn--exmple-cua.org/token"},
		{name: "a letter of another alphabet that looks alike", url: "https://registry.example.org", realm: "https://auth.exаmple.org/token", refused: true},
		{name: "a dot of another alphabet behind another domain", url: "https://registry.example.org", realm: "https://example.org。thief.net/token", refused: true},
		{name: "port 443 where none is named", url: "https://registry.example.org", realms: `["auth.example.net:443"]`, realm: "https://AUTH.example.net./token"},
		{name: "the port of http where that of https is named", url: "http://registry.example.org", realms: `["auth.example.net:443"]`, realm: "http://auth.example.net/token", refused: true},
		{name: "an address as an IPv6 one", url: "https://10.0.0.1:5000", realm: "https://[::ffff:10.0.0.1]:5001/token"},
		{name: "an IPv6 address written long", url: "https://[2001:db8::1]", realm: "https://[2001:0db8:0:0::1]/token"},
		{name: "another IPv6 address", url: "https://[2001:db8::1]", realm: "https://[2001:db8::2]/token", refused: true},
		{name: "an address with zeros, which others read as octal", url: "https://10.0.0.8", realm: "https://10.0.0.010/token", refused: true},
		{name: "an address as one number", url: "https://10.0.0.1", realm: "https://167772161/token", refused: true},
		{name: "two names that end in the same number", url: "https://a.1", realm: "https://b.1/token", refused: true},
		{name: "a user at its own host", url: "https://registry.example.org", realm: "https://x@registry.example.org/token", refused: true},
		{name: "a backslash before its own host", url: "https://registry.example.org", realm: `https://thief.example\@registry.example.org/token`, refused: true},
		{name: "its own host as a path", url: "https://registry.example.org", realm: "https://thief.example/registry.example.org", refused: true},
		{name: "another scheme", url: "https://registry.example.org", realm: "ftp://registry.example.org/token", refused: true},
		{name: "a path alone", url: "https://registry.example.org", realm: "/token", refused: true},
		{name: "its own host without a scheme", url: "https://registry.example.org", realm: "//registry.example.org/token", refused: true},
		{name: "its own host without a port behind the colon", url: "https://registry.example.org", realm: "https://registry.example.org:/token"},
		{name: "its own host with two dots", url: "https://registry.example.org", realm: "https://registry.example.org../token", refused: true},
		{name: "its own host behind %2e", url: "https://registry.example.org", realm: "https://registry%2eexample%2eorg/token", refused: true},
		{name: "another domain before a tab", url: "https://registry.example.org", realm: "https://thief.net\t.example.org/token", refused: true},
		{name: "another domain before a semicolon", url: "https://registry.example.org", realm: "https://thief.net;.example.org/token", refused: true},
		{name: "all hosts of its domain", url: "https://registry.example.org", realm: "https://*.example.org/token", refused: true},
		{name: "no host of its domain", url: "https://registry.example.org", realm: "https://.example.org/token", refused: true},
		{name: "another domain before #", url: "https://registry.example.org", realm: "https://thief.net#.example.org/token", refused: true},
		{name: "its own host without slashes", url: "https://registry.example.org", realm: "https:registry.example.org/token", refused: true},
		{name: "a port alone", url: "https://registry.example.org", realm: "https://:443/token", refused: true},
		{name: "letters of double width", url: "https://registry.example.org", realm: "https://auth.ＥXAMPLE.org/token"},
		{name: "its own address on another link", url: "https://[fe80::1%25eth0]", realm: "https://[fe80::1%25eth1]/token", refused: true},
		{name: "its own address on no link", url: "https://[fe80::1%25eth0]", realm: "https://[fe80::1]/token", refused: true},
		{name: "its own address and link", url: "https://[fe80::1%25eth0]", realm: "https://[fe80::1%25eth0]:5001/token"},
		{name: "its own address in another one of IPv6", url: "https://10.0.0.1", realm: "https://[::10.0.0.1]/token", refused: true},
		{name: "its own address as a name, which DNS is asked for", url: "https://10.0.0.1", realm: "https://10.0.0.1./token", refused: true},
		{name: "a name that begins with its address", url: "https://10.0.0.1", realm: "https://10.0.0.1.example.org/token", refused: true},
		{name: "another namespace of the cluster", url: "https://registry.hub.svc.cluster.local", realm: "https://thief.other.svc.cluster.local/token", refused: true},
		{name: "another namespace, for the name of a pod", url: "https://a.registry.hub.svc.cluster.local", realm: "https://x.thief.other.svc.cluster.local/token", refused: true},
		{name: "its own namespace, for the name of a pod", url: "https://a.registry.hub.svc.cluster.local", realm: "https://auth.hub.svc.cluster.local/token"},
		{name: "its own namespace of the cluster", url: "https://registry.hub.svc.cluster.local", realm: "https://auth.hub.svc.cluster.local/token"},
		{name: "another namespace of a cluster with a domain", url: "https://registry.hub.svc.k8s.example.org", realm: "https://thief.other.svc.k8s.example.org/token", refused: true},
		{name: "another machine of a cloud", url: "https://ip-10-0-0-1.ec2.internal", realm: "https://ip-10-0-0-2.ec2.internal/token", refused: true},
		{name: "another address as a name", url: "https://registry.10.0.0.1.nip.io", realm: "https://thief.10.0.0.2.nip.io/token", refused: true},
		{name: "its own address as a name", url: "https://registry.10.0.0.1.nip.io", realm: "https://REGISTRY.10.0.0.1.nip.io:5001/token"},
		{name: "the domain of a named host", url: "https://registry.example.org", realms: "[example.net]", realm: "https://auth.example.net/token", refused: true},
		{name: "a user as host", url: "https://registry.example.org", realm: "https://registry.example.org%2f@thief.example/token", refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := realmLogin
			if c.realms != "" {
				more += "  realms: " + c.realms + "\n"
			}
			b := builderOf(t, c.url, more, &Lockout{})
			a, err := NewAccount(b, b.HTTP, b.URL, "http")
			if err != nil {
				t.Fatal(err)
			}
			var asked []string // who is dialled, and learns nothing
			a.Transport.Proxy = func(r *http.Request) (*url.URL, error) {
				asked = append(asked, r.URL.Host)
				return nil, fmt.Errorf("nobody is asked in this test")
			}
			_, err = a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": c.realm}})
			if refused := len(asked) == 0; refused != c.refused {
				t.Errorf("asked %q: %v", asked, err)
			}
		})
	}
}

// The error is true of a token server under a domain that strangers share with the registry, too.
func TestARefusedRealmSaysWhichDomainItIsUnder(t *testing.T) {
	const elsewhere = "is neither the registry's own host nor under its domain"
	for _, c := range []struct{ url, realm, want string }{
		{"https://registry.example.org", "auth.example.net", elsewhere},
		{"https://10.0.0.1", "10.0.0.2", elsewhere},
		{"https://registry.hub.svc.cluster.local", "auth.other.svc.cluster.local", "under cluster.local, where strangers have names, too"},
		{"https://registry.hub.svc.k8s.example.org", "auth.other.svc.k8s.example.org", "under k8s.example.org, where strangers have names, too"},
		{"https://registry.10.0.0.1.nip.io", "auth.10.0.0.2.nip.io", "under nip.io, where strangers have names, too"},
		{"https://registry.github.io", "auth.github.io", "under github.io, where strangers have names, too"},
		{"https://registry.nip.io", "nip.io", elsewhere},
	} {
		a := accountOf(t, c.url, "basic_auth: {username: admin, password: S3cretAdminPw}", &Lockout{})
		_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": "https://" + c.realm + "/token"}})
		wantReason(t, err, source.ReasonRealmRefused)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s at %s: %v, want %q", c.realm, c.url, err, c.want)
		}
	}
}

func TestAThiefWithTheFrontLearnsNoPassword(t *testing.T) {
	thief, seen := realmAt(t, "127.0.0.2")
	a := accountOf(t, "http://127.0.0.1:1", "basic_auth: {username: admin, password: S3cretAdminPw}", &Lockout{})
	_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": thief}})
	wantReason(t, err, source.ReasonRealmRefused)
	if n := len(seen.Requests()); n != 0 {
		t.Errorf("the thief saw %d requests", n)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(thief, "http://"), "/t")
	if want := `realms: ["` + host + `"]`; !strings.Contains(err.Error(), want) || source.IsUnasked(err) {
		t.Errorf("the line to paste is missing: %v", err)
	}
	if a.Realm() != host {
		t.Errorf("the realm is %q", a.Realm())
	}
}

func TestAnotherRealmThanTheOneThatGaveTokensIsAChange(t *testing.T) {
	own, _ := realmAt(t, "127.0.0.1")
	thief, seen := realmAt(t, "127.0.0.2")
	b := builderOf(t, "http://127.0.0.1:1", realmLogin, &Lockout{})
	a, err := NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": own}})
	wantReason(t, err, "")
	b.Keep = source.NewKeep(b.Keep) // as a reload does
	if a, err = NewAccount(b, b.HTTP, b.URL, "http"); err != nil {
		t.Fatal(err)
	}
	_, err = a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": thief}})
	wantReason(t, err, source.ReasonRealmChanged)
	if len(seen.Requests()) != 0 || source.IsUnasked(err) {
		t.Errorf("the thief was asked, or nobody is to be paged: %v", err)
	}
}

func TestABackendHasToNameTheRealmOfTheFront(t *testing.T) {
	own, _ := realmAt(t, "127.0.0.1")
	thief, seen := realmAt(t, "127.0.0.1") // at another port of the same host
	b := builderOf(t, "http://127.0.0.1:1", "  backends: [\"http://127.0.0.1:2\"]\n"+realmLogin, &Lockout{})
	account := func(u config.URL) *Account {
		a, err := NewAccount(b, b.HTTP, u, "http")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	front, backend := account(b.URL), account(b.Backends[0])
	for _, a := range []*Account{front, backend} {
		_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": own}})
		wantReason(t, err, "")
	}
	_, err := backend.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": thief}})
	wantReason(t, err, source.ReasonRealmChanged)
	if len(seen.Requests()) != 0 {
		t.Errorf("another realm than that of the front was asked: %v", err)
	}
}

func TestAClientCertificateIsNotShownToAnotherTokenServer(t *testing.T) {
	ca := testserver.NewAuthority(t, "CA", nil)
	cert, key := testserver.KeyPairFiles(t, ca.Issue(t, testserver.ForNames("exporter-client")))
	for host, want := range map[string]int{"127.0.0.1": 1, "127.0.0.2": 0} {
		t.Run(host, func(t *testing.T) {
			shown := -1
			l, err := net.Listen("tcp", host+":0")
			if err != nil {
				t.Fatal(err)
			}
			s := &httptest.Server{Listener: l, TLS: &tls.Config{
				Certificates: []tls.Certificate{ca.Issue(t, testserver.ForNames(host))}, ClientAuth: tls.RequestClientCert,
			}, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				shown = len(r.TLS.PeerCertificates)
				fmt.Fprint(w, `{"token":"t"}`)
			})}}
			s.StartTLS()
			defer s.Close()
			b := builderOf(t, "https://127.0.0.1:1", "  realms: [127.0.0.2]\n  http: {basic_auth: {username: admin, password: S3cretAdminPw}, tls_config: {ca_file: "+
				ca.File(t)+", cert_file: "+cert+", key_file: "+key+"}}\n", &Lockout{})
			a, err := NewAccount(b, b.HTTP, b.URL, "http")
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": s.URL + "/t"}})
			wantReason(t, err, "")
			if shown != want {
				t.Errorf("%d certificates were shown, want %d", shown, want)
			}
		})
	}
}

func TestRealmsOfAHostileFrontMakeFewLabels(t *testing.T) {
	a := accountOf(t, "http://127.0.0.1:1", "basic_auth: {username: admin, password: S3cretAdminPw}", &Lockout{})
	labels := map[string]bool{}
	for i := range 1000 {
		_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": fmt.Sprintf("http://thief-%d.example/t", i)}})
		wantReason(t, err, source.ReasonRealmRefused)
		labels[a.RealmLabel()] = true
	}
	if len(labels) != maxRealmLabels+1 || !labels["other"] {
		t.Errorf("%d labels", len(labels))
	}
}
