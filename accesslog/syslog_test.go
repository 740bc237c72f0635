package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMessage(t *testing.T) {
	const nginx = `10.0.0.1 - - [21/Nov/2026:22:18:08 +0000] "GET /v2/ HTTP/1.1" 200 2 "-" "a: b"`
	for name, header := range map[string]string{
		"nginx":                        "<190>Nov 21 22:18:08 cache-1 nginx: ",
		"nginx, a day of one digit":    "<190>Nov  1 22:18:08 cache-1 nginx: ",
		"nginx without a host":         "<190>Nov 21 22:18:08 nginx: ",
		"nginx with a tag":             "<190>Nov 21 22:18:08 cache-1 registry_access: ",
		"a relay with its own time":    "<190>2026-11-21T22:18:08.000123+00:00 cache-1 nginx: ",
		"a tag with a process":         "<6>Nov 21 22:18:08 cache-1 nginx[4711]: ",
		"a host that is an address":    "<190>Nov 21 22:18:08 2001:db8::1 nginx: ",
		"the shortest":                 "<0>: ",
		"no header, which is no error": "",
	} {
		if got := message([]byte(header + nginx)); string(got) != nginx {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, whole := range []string{
		"", "<", "<>", "<190", "<190>", "<190>Nov 21 22:18:08 cache-1 nginx:", "<1900>a: b", "<19x>a: b", "190>a: b",
		"<190>" + strings.Repeat("x", maxHeader) + ": b",
	} {
		if got := message([]byte(whole)); string(got) != whole {
			t.Errorf("%q became %q", whole, got)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte("<190>Nov 21 22:18:08 cache-1 nginx: a\n<190>: \n\nb\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = append(text, '\n')
		lines := bytes.Count(text, []byte("\n"))
		if got := messages(bytes.Clone(text)); bytes.Count(got, []byte("\n")) != lines || len(got) > len(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// startSyslog is a Tailer that listens, to all or to some networks, and its address.
func startSyslog(t *testing.T, allow ...netip.Prefix) (*Tailer, string) {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	address := ownAddress(t)
	tail, err := NewTailer(TailOptions{Listen: address, Allow: allow, Lines: Options{Format: "combined"}}, &sync.Mutex{})
	if err != nil {
		t.Fatal(err)
	}
	tail.Start(nil)
	t.Cleanup(func() { tail.Stop() })
	eventually(t, tail, func(r Report) bool { return r.Syslog.Listening == 2 })
	return tail, address
}

// ownAddress is one where nobody else listens, nor will: others take ports of 127.0.0.1.
func ownAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254)))
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// eventually waits until a report is as it must become.
func eventually(t *testing.T, tail *Tailer, good func(Report) bool) {
	t.Helper()
	var r Report
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		var err error
		if r, err = tail.Report(t.Context()); err != nil {
			t.Fatal(err)
		}
		if good(r) {
			return
		}
	}
	t.Fatalf("it never came to be: lines %v, syslog %+v, problem %v", r.Counts.Lines, r.Syslog, r.Problem)
}

func counted(parsed, unmatched, tooLong int) func(Report) bool {
	return func(r Report) bool {
		return lineCount(r, "parsed") == parsed && lineCount(r, "unmatched") == unmatched && lineCount(r, "too_long") == tooLong && r.Problem == nil
	}
}

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

const syslogHeader = "<190>Nov 21 22:18:08 cache-1 nginx: "

func TestSyslogOverUDP(t *testing.T) {
	tail, address := startSyslog(t)
	c := dial(t, "udp", address)
	for n := range 20 {
		send(t, c, syslogHeader+strings.TrimSuffix(logLine(n), "\n"))
		eventually(t, tail, counted(n+1, 0, 0)) // the kernel drops what comes too fast
	}
	for _, text := range []string{logLine(7), syslogHeader + logLine(8), syslogHeader + logLine(9) + "\x00", "", "\n", "\x00"} {
		send(t, c, text)
	}
	eventually(t, tail, counted(23, 0, 0))
	send(t, c, "\x00\xff\xfe rubbish")
	send(t, c, strings.Repeat("x", 65000))
	eventually(t, tail, counted(23, 2, 0))
	if r, err := tail.Report(t.Context()); err != nil || r.Syslog.KnowsDrops && r.Syslog.Dropped != 0 || r.Counts.LastLine.IsZero() {
		t.Errorf("%+v, %v", r.Syslog, err)
	}
}

func TestSyslogOverTCP(t *testing.T) {
	tail, address := startSyslog(t)
	first, second := dial(t, "tcp", address), dial(t, "tcp", address)
	var all strings.Builder
	for n := range 2000 {
		all.WriteString(syslogHeader + logLine(n))
	}
	send(t, first, all.String()[:1000])
	send(t, second, all.String())
	send(t, first, all.String()[1000:])
	eventually(t, tail, counted(4000, 0, 0))
	send(t, first, strings.Repeat("x", 3*maxLine)+"\n"+logLine(1))
	eventually(t, tail, counted(4001, 0, 1))
	send(t, first, strings.TrimSuffix(logLine(2), "\n")) // without its end, as the connection ends
	first.Close()
	eventually(t, tail, counted(4002, 0, 1))
	send(t, second, strings.Repeat("x", maxLine+1))
	second.Close()
	eventually(t, tail, counted(4002, 0, 2))
}

// Connections that send nothing, or no whole line, must not keep out the relay that has lines to send.
func TestIdleConnectionsMakePlaceForARelay(t *testing.T) {
	tail, address := startSyslog(t)
	relay := dial(t, "tcp", address)
	send(t, relay, logLine(0))
	eventually(t, tail, counted(1, 0, 0))
	for i := range 2 * maxConns {
		if idle := dial(t, "tcp", address); i%2 == 0 {
			send(t, idle, "a")
		}
	}
	late := dial(t, "tcp", address)
	send(t, late, logLine(1))
	send(t, relay, logLine(2))
	eventually(t, tail, counted(3, 0, 0))
	eventually(t, tail, func(r Report) bool { return r.Syslog.Refused == maxConns+2 })
}

func TestMostIdleConnectionMakesPlace(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name   string
		before time.Duration // of the last line of all but the fifth
		fifth  time.Duration // 0: it has sent none
		goes   bool          // the fifth
		added  bool
	}{
		{"all are busy", time.Second, 2 * time.Second, false, false},
		{"one has sent nothing", time.Second, 0, true, true},
		{"one has sent nothing for long", time.Second, busyFor, true, true},
		{"one has sent nothing for longer than others", 2 * busyFor, 3 * busyFor, true, true},
		{"the first of those that are idle", 2 * busyFor, 2 * busyFor, false, true},
	} {
		all, conns := newConnections(), make([]net.Conn, maxConns+1)
		for i := range conns {
			conns[i], _ = net.Pipe()
			if i == maxConns {
				break
			}
			all.add(conns[i], now)
			switch {
			case i != 4:
				all.heard(conns[i], now.Add(-c.before))
			case c.fifth > 0:
				all.heard(conns[i], now.Add(-c.fifth))
			}
		}
		idle, added := all.add(conns[maxConns], now)
		want := conns[0]
		switch {
		case !c.added:
			want = nil
		case c.goes:
			want = conns[4]
		}
		if added != c.added || idle != want {
			t.Errorf("%s: added %t", c.name, added)
		}
	}
}

func TestSyslogRefusesConnectionsBeyondTheBound(t *testing.T) {
	tail, address := startSyslog(t)
	conns := make([]net.Conn, maxConns)
	for i := range conns {
		conns[i] = dial(t, "tcp", address)
		send(t, conns[i], logLine(i))
	}
	eventually(t, tail, counted(maxConns, 0, 0))
	dial(t, "tcp", address)
	eventually(t, tail, func(r Report) bool { return r.Syslog.Refused == 1 })
	conns[0].Close()
	eventually(t, tail, func(r Report) bool {
		c := dial(t, "tcp", address)
		defer c.Close()
		_, _ = c.Write([]byte(logLine(0)))
		return lineCount(r, "parsed") > maxConns
	})
}

func TestSyslogWhereAnotherListens(t *testing.T) {
	defer goleak.VerifyNone(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tail, err := NewTailer(TailOptions{Listen: other.Addr().String(), Lines: Options{Format: "combined"}}, &sync.Mutex{})
	if err != nil {
		t.Fatal(err)
	}
	tail.Start(nil)
	defer tail.Stop()
	eventually(t, tail, func(r Report) bool { return errors.Is(r.Problem, ErrListen) && r.Syslog.Listening == 1 })
}

func TestDropsOfTheKernel(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadBuffer(1); err != nil { // the least there is: nobody reads, so that most is dropped
		t.Fatal(err)
	}
	if n, known := drops(conn); !known || n != 0 {
		t.Fatalf("%d, %t", n, known)
	}
	c := dial(t, "udp", conn.LocalAddr().String())
	for range 100 {
		send(t, c, strings.Repeat("x", 1000))
	}
	n, _ := drops(conn)
	for limit := time.Now().Add(time.Minute); n == 0 && time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		n, _ = drops(conn) // a busy kernel delivers later
	}
	if n == 0 || n > 100 {
		t.Errorf("%d of 100 datagrams are dropped", n)
	}
}
