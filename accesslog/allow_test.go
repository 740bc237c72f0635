package accesslog

import (
	"net/netip"
	"testing"
)

func TestSyslogIsTakenFromAllowedNetworksAlone(t *testing.T) {
	o := TailOptions{Allow: []string{"10.0.0.0/8", "127.0.0.5/32", "2001:db8::/32"}}
	for from, want := range map[string]bool{
		"10.1.2.3:514": true, "[::ffff:10.1.2.3]:514": true, "127.0.0.5:1": true, "[2001:db8::1]:514": true,
		"127.66.6.6:514": false, "11.0.0.1:514": false, "[2001:db9::1]:514": false,
	} {
		if got := o.allows(netip.MustParseAddrPort(from)); got != want {
			t.Errorf("%s: %t", from, got)
		}
	}
	if !(&TailOptions{}).allows(netip.MustParseAddrPort("127.0.0.1:1")) {
		t.Error("without networks all are taken")
	}
}
