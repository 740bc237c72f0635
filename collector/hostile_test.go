package collector

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostileSources are the sources that speak HTTP: how to point one at ADDRESS, and its samples that must
// be there whatever happens. Everything else with the prefix must not.
var hostileSources = []struct {
	name, config, prefix string
	down                 string
}{
	{"api", "  url: ADDRESS\n", "registry_api_up{", "registry_api_up{"},
	{"health", "  url: http://registry.invalid\n  debug: {urls: [ADDRESS]}\n", "registry_health_", "registry_health_ok{"},
	{"msr", "  url: http://registry.invalid\n  msr: {replicas: [ADDRESS], timeout: TIMEOUT}\n", "registry_msr_", ""},
	{"nginx", "  url: http://registry.invalid\n  nginx: {urls: [ADDRESS/nginx_status]}\n", "registry_nginx_", ""},
	{"ping", "  url: http://registry.invalid\n  msr: {replicas: [ADDRESS]}\n", "registry_msr_", "registry_msr_ping_healthy{"},
}

const goodHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

func TestHostileServers(t *testing.T) {
	for _, c := range []struct {
		name   string
		scheme string // http without one
		short  bool   // ends by the deadline only
		answer func(net.Conn)
		reason string
	}{
		{name: "accepted and never answered", short: true, answer: silent, reason: reasonTimeout},
		{name: "TLS handshake never answered", scheme: "https", short: true, answer: silent, reason: reasonTimeout},
		{name: "one byte at a time for ever in the headers", short: true, answer: endlessly(goodHead+"X: ", "x", 20*time.Millisecond), reason: reasonTimeout},
		{name: "one byte at a time for ever in the body", short: true, answer: endlessly(goodHead+"\r\n", " ", 20*time.Millisecond), reason: reasonTimeout},
		{name: "headers and then nothing", short: true, answer: send(goodHead+"Content-Length: 1000\r\n\r\n{", silent), reason: reasonTimeout},
		{name: "closed without an answer", answer: send("", hangUp), reason: reasonReset},
		{name: "closed in the headers", answer: send(goodHead, hangUp), reason: reasonShortRead},
		{name: "reset in the body", answer: send(goodHead+"Content-Length: 1000\r\n\r\n{", reset), reason: reasonReset},
		{name: "Content-Length longer than the body", answer: send(goodHead+"Content-Length: 1000\r\n\r\n{}", hangUp), reason: reasonShortRead},
		{name: "last chunk missing", answer: send(goodHead+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", hangUp), reason: reasonShortRead},
		{name: "chunk of no length", answer: send(goodHead+"Transfer-Encoding: chunked\r\n\r\nzz\r\n", hangUp), reason: reasonBadAnswer},
		{name: "trailer that is none", answer: send(goodHead+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno colon\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "endless body", answer: endlessly(goodHead+"\r\n", strings.Repeat(" ", 64<<10), 0), reason: reasonTooLarge},
		{name: "Content-Length beyond all memory", answer: endlessly(goodHead+"Content-Length: 9223372036854775807\r\n\r\n", strings.Repeat(" ", 64<<10), 0), reason: reasonTooLarge},
		{name: "endless headers", answer: endlessly(goodHead, "X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 0), reason: reasonTooLarge},
		{name: "endless header", answer: endlessly(goodHead+"X: ", strings.Repeat("x", 1000), 0), reason: reasonTooLarge},
		{name: "endless status line", answer: endlessly("", strings.Repeat("x", 1000), 0), reason: reasonTooLarge},
		{name: "endless answers of status 103", answer: endlessly("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0), reason: reasonTooLarge},
		{name: "another protocol after 101", answer: send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", silent), reason: reasonBadAnswer},
		{name: "gzip bomb sent unasked", answer: send(goodHead+"Content-Encoding: gzip\r\n\r\n"+gzipBomb(t), hangUp), reason: reasonBadAnswer},
		{name: "empty body", answer: send(goodHead+"Content-Length: 0\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "another protocol", answer: send("SSH-2.0-OpenSSH_9.2p1\r\n", hangUp), reason: reasonBadAnswer},
		{name: "noise", answer: send("\x00\xff\x16\x03\n\n\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "status that is not a number", answer: send("HTTP/1.1 2OO OK\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "version of HTTP that is none", answer: send("HTTP/x.y 200 OK\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "header without a colon", answer: send(goodHead+"no colon\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "negative Content-Length", answer: send(goodHead+"Content-Length: -1\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "two different lengths", answer: send(goodHead+"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", hangUp), reason: reasonBadAnswer},
		{name: "unknown transfer encoding", answer: send(goodHead+"Transfer-Encoding: rot13\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "redirect to no URL", answer: send("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", hangUp), reason: reasonBadAnswer},
		{name: "redirect to nowhere", answer: send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", hangUp), reason: reasonRedirected},
	} {
		for _, s := range hostileSources {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				server := newRawServer(t, afterRequest(c.answer))
				scheme, timeout := "http", "1m"
				if c.scheme != "" {
					scheme = c.scheme
				}
				if c.short {
					timeout = "300ms"
				}
				wantDown(t, s.name, scheme+"://"+server.address, timeout, c.reason)
				server.wantAllClosed(t)
			})
		}
	}
}

func TestServersThatAreNotThere(t *testing.T) {
	for _, c := range []struct{ name, url, reason string }{
		{"no such host", "http://no-such-host.invalid", reasonDNS},
		{"refused", "http://127.0.0.1:1", reasonRefused},
	} {
		for _, s := range hostileSources {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				wantDown(t, s.name, c.url, "1m", c.reason)
			})
		}
	}
}

// wantDown says that a source that asks url fails for a reason before its timeout, with its down samples and no others.
func wantDown(t *testing.T, collector, url, timeout, reason string) {
	t.Helper()
	for _, s := range hostileSources {
		if s.name != collector {
			continue
		}
		lines := strings.NewReplacer("ADDRESS", url, "TIMEOUT", timeout).Replace(s.config)
		e := newTestExporter(t, "registries:\n- name: hub\n  timeout: "+timeout+"\n"+lines)
		start := time.Now()
		got := e.scrapeNow(t, collector)
		limit, _ := time.ParseDuration(timeout)
		if took := time.Since(start); took > limit+20*time.Second { // what does not end by itself takes maxScrape
			t.Errorf("took %s, the timeout is %s", took, timeout)
		}
		got.wantReason(t, reason)
		for name, value := range got {
			switch {
			case !strings.HasPrefix(name, s.prefix):
			case s.down == "" || !strings.HasPrefix(name, s.down):
				t.Errorf("%s: made up", name)
			case value != 0:
				t.Errorf("%s: got %v, want 0", name, value)
			}
		}
		if s.down != "" {
			got.wantSamples(t, map[string]float64{s.down: 0})
		}
	}
}

// A rawServer answers connections with bytes.
type rawServer struct {
	address string
	mu      sync.Mutex
	open    map[net.Conn]bool
	changed chan struct{}
}

// newRawServer calls serve on every connection, and then waits for the client to close it.
func newRawServer(t testing.TB, serve func(net.Conn, *bufio.Reader)) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{address: l.Addr().String(), open: map[net.Conn]bool{}, changed: make(chan struct{}, 1)}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.set(conn, true)
			group.Go(func() {
				defer s.set(conn, false)
				defer conn.Close()
				r := bufio.NewReader(conn)
				serve(conn, r)
				_, _ = io.Copy(io.Discard, r)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for conn := range s.open {
			conn.Close()
		}
		s.mu.Unlock()
		group.Wait()
	})
	return s
}

func (s *rawServer) set(conn net.Conn, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		s.open[conn] = true
	} else {
		delete(s.open, conn)
	}
	select {
	case s.changed <- struct{}{}:
	default: // whoever waits has not looked yet
	}
}

// wantAllClosed says that the client leaves no connection behind.
func (s *rawServer) wantAllClosed(t testing.TB) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		s.mu.Lock()
		open := len(s.open)
		s.mu.Unlock()
		if open == 0 {
			return
		}
		select {
		case <-s.changed:
		case <-timeout:
			t.Fatalf("%d connections are still open", open)
		}
	}
}

// afterRequest answers when a request came, or the beginning of a TLS handshake.
func afterRequest(answer func(net.Conn)) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		if first, err := r.Peek(1); err == nil && first[0] != 22 {
			_, _ = http.ReadRequest(r)
		}
		answer(conn)
	}
}

func silent(net.Conn) {}

func hangUp(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() }

func reset(c net.Conn) {
	time.Sleep(20 * time.Millisecond) // for what was sent to be read
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func send(text string, then func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		then(c)
	}
}

// endlessly sends text and then more and more, until the client goes away.
func endlessly(text, more string, pause time.Duration) func(net.Conn) {
	return send(text, func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, more); err != nil {
				return
			}
			time.Sleep(pause)
		}
	})
}

// gzipBomb is 64 MiB of nothing.
func gzipBomb(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range 64 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hang answers when the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // before, a server does not see the client go
	<-r.Context().Done()
}

// writeEndlessly ends when the client has enough.
func writeEndlessly(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 1<<14)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}
