package ask

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"registry_exporter/collector/source"
)

// sendElsewhere follows a redirect of the registry at front to a URL.
func sendElsewhere(t *testing.T, front, more, to string) error {
	t.Helper()
	b := builderOf(t, front, more, &Lockout{})
	a, err := NewAccount(b, b.HTTP, b.URL, "http")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := a.Elsewhere(u)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.HTTPClient(rt).Do(req)
	if err != nil {
		return RequestError(err)
	}
	resp.Body.Close()
	return nil
}

func TestARedirectLeadsToNoPlaceThatOnlyThisMachineReaches(t *testing.T) {
	local, seen := realmAt(t, "127.0.0.3")
	port := local[strings.LastIndexByte(local, ':'):]
	const far, near = "http://203.0.113.1", "http://127.0.0.1:1"
	for _, c := range []struct {
		name, front, more, to string
		asked                 bool
		want                  string
	}{
		{name: "to this machine", front: far, to: local, want: source.ReasonRedirectRefused},
		{name: "to this machine by another way to write it", front: far, to: "http://[::ffff:127.0.0.3]" + port, want: source.ReasonRedirectRefused},
		{name: "to a name of this machine", front: far, to: "http://localhost" + port, want: source.ReasonRedirectRefused},
		{name: "to no address", front: far, to: "http://0.0.0.0" + port, want: source.ReasonRedirectRefused},
		{name: "to no address of IPv6", front: far, to: "http://[::]" + port, want: source.ReasonRedirectRefused},
		{name: "to this machine by IPv6", front: far, to: "http://[::1]" + port, want: source.ReasonRedirectRefused},
		{name: "to another address of this machine", front: far, to: "http://127.255.255.254" + port, want: source.ReasonRedirectRefused},
		{name: "to the link", front: far, to: "http://[fe80::1%25lo]" + port, want: source.ReasonRedirectRefused},
		{name: "to the link by another way to write it", front: far, to: "http://[::ffff:169.254.169.254]/latest", want: source.ReasonRedirectRefused},
		{name: "to this machine, which the configuration names", front: far, more: "  stores: [127.0.0.3]\n", to: local, asked: true},
		{name: "to this machine, of a registry on this machine", front: near, to: local, asked: true},
		{name: "to a metadata service, of a registry on this machine", front: near, to: "http://169.254.169.254/latest", want: source.ReasonRedirectRefused},
		{name: "to none of stores", front: near, more: "  stores: [s3.example.net]\n", to: local, want: source.ReasonRedirectRefused},
		{name: "from https to http", front: "https://127.0.0.1:1", to: local, want: source.ReasonRedirectRefused},
		{name: "from https to http at the same host", front: "https://127.0.0.3:1", to: local, want: source.ReasonRedirectRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen.Clear()
			err := sendElsewhere(t, c.front, c.more, c.to)
			wantReason(t, err, c.want)
			if asked := len(seen.Requests()) > 0; asked != c.asked {
				t.Errorf("asked %t: %v", asked, err)
			}
		})
	}
}

// Clouds tell their machines keys and passwords there.
func TestNoRedirectLeadsToTheMetadataOfACloud(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "[fe80::a9fe:a9fe%25eth0]", "[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "168.63.129.16", "100.100.100.200", "192.0.0.192",
		"[::ffff:100.100.100.200]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]",
	} {
		for _, front := range []string{"http://203.0.113.1", "http://127.0.0.1:1", "http://10.0.0.1"} {
			wantReason(t, sendElsewhere(t, front, "", "http://"+host+"/latest"), source.ReasonRedirectRefused)
		}
	}
}

// A gateway (NAT64) makes an address of IPv4 of one of IPv6. Those of RFC 6052 and RFC 8215 say which.
func TestLocalitiesBehindNAT64(t *testing.T) {
	for text, want := range map[string]locality{
		"64:ff9b::7f00:1":           "this machine",              // 127.0.0.1
		"64:ff9b::a00:1":            "",                          // 10.0.0.1
		"64:ff9b:1::7f00:1":         "this machine",              // 127.0.0.1 after 96 bits
		"64:ff9b:1:abcd::a9fe:a9fe": "the link of this machine",  // 169.254.169.254 after 96 bits
		"64:ff9b:1::6464:64c8":      "the cloud of this machine", // 100.100.100.200 after 96 bits
		"64:ff9b:1:7f00:0:100::":    "this machine",              // 127.0.0.1 after 48 bits
		"64:ff9b:1:a9fe:a9:fe00::":  "the link of this machine",  // 169.254.169.254 after 48 bits
		"64:ff9b:1:27f:0:1::":       "this machine",              // 127.0.0.1 after 56 bits
		"64:ff9b:1:2:7f:0:100::":    "this machine",              // 127.0.0.1 after 64 bits
		"64:ff9b:1::a00:1":          "",                          // 10.0.0.1 after 96 bits
		"64:ff9b:1:a00:0:100::":     "",                          // 10.0.0.1 after 48 bits
		"64:ff9b:1:7f00::a00:1":     "",                          // 10.0.0.1 after 96 bits, of which some look like 127.0
		"64:ff9b:2::7f00:1":         "",                          // no prefix of NAT64
	} {
		if got := localityOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is of %q, want %q", text, got, want)
		}
	}
}

// A resolver may take a number, or a short form, for an address. Whether it does is the system's matter: nobody is asked.
func TestAnAddressThatIsWrittenAsANumberLeadsNowhere(t *testing.T) {
	local, seen := realmAt(t, "127.0.0.1")
	port := local[strings.LastIndexByte(local, ':'):]
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost."} {
		err := sendElsewhere(t, "http://203.0.113.1", "", "http://"+host+port)
		if err == nil || len(seen.Requests()) > 0 {
			t.Errorf("%s: %d requests, %v", host, len(seen.Requests()), err)
		}
	}
}

// A redirect must not make the configured proxy connect to the proxy's own machine.
func TestAProxyIsNotSentToItsOwnMachine(t *testing.T) {
	proxy, seen := realmAt(t, "127.0.0.4")
	more := "  http: {proxy_url: '" + strings.TrimSuffix(proxy, "/t") + "'}\n"
	for to, want := range map[string]string{
		"http://127.0.0.1:1/x": source.ReasonRedirectRefused, "http://169.254.169.254/latest": source.ReasonRedirectRefused, "http://[::1]:1/x": source.ReasonRedirectRefused,
		"http://LOCALHOST.:1/x": source.ReasonRedirectRefused, "http://store.example.net/x": "",
	} {
		seen.Clear()
		err := sendElsewhere(t, "http://203.0.113.1", more, to)
		wantReason(t, err, want)
		if asked := len(seen.Requests()) > 0; asked != (want == "") {
			t.Errorf("%s: the proxy was asked: %t", to, asked)
		}
	}
}

func TestAnAnonymousTokenIsNotAskedForAtAPlaceThatOnlyThisMachineReaches(t *testing.T) {
	local, seen := realmAt(t, "127.0.0.3")
	a := accountOf(t, "http://203.0.113.1", "", &Lockout{})
	_, err := a.Token(t.Context(), Challenge{Scheme: "bearer", Params: params{"realm": local}})
	wantReason(t, err, source.ReasonRedirectRefused)
	if n := len(seen.Requests()); n != 0 {
		t.Errorf("it saw %d requests", n)
	}
}

// The system's error of a failed dial names resolved addresses, and our resolver.
func TestWordsOfAFailedDialGoToTheLogAlone(t *testing.T) {
	for to, words := range map[string]string{
		"http://localhost:1":             "connecting to localhost:1: connection refused",
		"http://no-such-host.invalid:80": "connecting to no-such-host.invalid:80: the name is not resolved",
	} {
		err := sendElsewhere(t, "http://127.0.0.1:1", "", to)
		if err == nil || err.Error() != words || source.Detail(err) == "" {
			t.Errorf("%v, and in the log %q", err, source.Detail(err))
		}
	}
}
