package accesslog

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// A datagram from elsewhere is not counted: the rubbish that an allowed address sends after it is.
func TestSyslogFromElsewhereIsDropped(t *testing.T) {
	tail, address := startSyslog(t, netip.MustParsePrefix("127.0.0.5/32"))
	send(t, dialFrom(t, "udp", "127.66.6.6", address), syslogHeader+logLine(1))
	send(t, dialFrom(t, "udp", "127.0.0.5", address), "rubbish")
	eventually(t, tail, counted(0, 1, 0))
}

// A connection from elsewhere is closed, without an answer.
func TestSyslogConnectionFromElsewhereIsClosed(t *testing.T) {
	tail, address := startSyslog(t, netip.MustParsePrefix("127.0.0.5/32"))
	stranger := dialFrom(t, "tcp", "127.66.6.6", address)
	if err := stranger.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := stranger.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes, %v", n, err)
	}
	send(t, dialFrom(t, "tcp", "127.0.0.5", address), syslogHeader+logLine(1))
	eventually(t, tail, counted(1, 0, 0))
}

func dialFrom(t *testing.T, network, from, address string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	if network == "udp" {
		d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSyslogIsTakenFromAllowedNetworksAlone(t *testing.T) {
	var o TailOptions
	for _, network := range []string{"10.0.0.0/8", "127.0.0.5/32", "2001:db8::/32"} {
		o.Allow = append(o.Allow, netip.MustParsePrefix(network))
	}
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
