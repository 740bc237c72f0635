package collector_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// hostileSources are the sources that speak HTTP. Each has the configuration that points it at ADDRESS, and its samples
// that must be there whatever happens. No other sample with the prefix may be there.
var hostileSources = []struct {
	name, config, prefix string
	down                 string
}{
	{"api", "  url: ADDRESS\n", "registry_api_up{", "registry_api_up{"},
	{"debug", "  url: http://registry.invalid\n  debug: {urls: [ADDRESS]}\n", "registry_webhook_", ""},
	{"harbor", "  url: ADDRESS\n  harbor: {http: {basic_auth: {username: u, password: passpass}}}\n", "registry_harbor_", "registry_harbor_healthy{"},
	{"health", "  url: http://registry.invalid\n  debug: {urls: [ADDRESS]}\n", "registry_health_", "registry_health_ok{"},
	{"msr", "  url: http://registry.invalid\n  msr: {replicas: [ADDRESS], timeout: TIMEOUT}\n", "registry_msr_", ""},
	{"nginx", "  url: http://registry.invalid\n  nginx: {urls: [ADDRESS/nginx_status]}\n", "registry_nginx_", ""},
	{"ping", "  url: http://registry.invalid\n  msr: {replicas: [ADDRESS]}\n", "registry_msr_", "registry_msr_ping_healthy{"},
}

const goodHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

func TestHostileServers(t *testing.T) {
	for _, c := range []struct {
		name   string
		scheme string // empty: http
		short  bool   // only the deadline ends it
		answer func(net.Conn)
		reason string
	}{
		{name: "accepted and never answered", short: true, answer: testserver.Silent, reason: source.ReasonTimeout},
		{name: "TLS handshake never answered", scheme: "https", short: true, answer: testserver.Silent, reason: source.ReasonTimeout},
		{name: "one byte at a time for ever in the headers", short: true, answer: testserver.Endlessly(goodHead+"X: ", "x", 20*time.Millisecond), reason: source.ReasonTimeout},
		{name: "one byte at a time for ever in the body", short: true, answer: testserver.Endlessly(goodHead+"\r\n", " ", 20*time.Millisecond), reason: source.ReasonTimeout},
		{name: "headers and then nothing", short: true, answer: testserver.Send(goodHead+"Content-Length: 1000\r\n\r\n{", testserver.Silent), reason: source.ReasonTimeout},
		{name: "closed without an answer", answer: testserver.Send("", testserver.HangUp), reason: source.ReasonReset},
		{name: "closed in the headers", answer: testserver.Send(goodHead, testserver.HangUp), reason: source.ReasonShortRead},
		{name: "reset in the body", answer: testserver.Send(goodHead+"Content-Length: 1000\r\n\r\n{", testserver.Reset), reason: source.ReasonReset},
		{name: "Content-Length longer than the body", answer: testserver.Send(goodHead+"Content-Length: 1000\r\n\r\n{}", testserver.HangUp), reason: source.ReasonShortRead},
		{name: "last chunk missing", answer: testserver.Send(goodHead+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", testserver.HangUp), reason: source.ReasonShortRead},
		{name: "chunk of no length", answer: testserver.Send(goodHead+"Transfer-Encoding: chunked\r\n\r\nzz\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "trailer that is none", answer: testserver.Send(goodHead+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno colon\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "endless body", answer: testserver.Endlessly(goodHead+"\r\n", strings.Repeat(" ", 64<<10), 0), reason: source.ReasonTooLarge},
		{name: "Content-Length beyond all memory", answer: testserver.Endlessly(goodHead+"Content-Length: 9223372036854775807\r\n\r\n", strings.Repeat(" ", 64<<10), 0), reason: source.ReasonTooLarge},
		{name: "endless headers", answer: testserver.Endlessly(goodHead, "X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 0), reason: source.ReasonTooLarge},
		{name: "endless header", answer: testserver.Endlessly(goodHead+"X: ", strings.Repeat("x", 1000), 0), reason: source.ReasonTooLarge},
		{name: "endless status line", answer: testserver.Endlessly("", strings.Repeat("x", 1000), 0), reason: source.ReasonTooLarge},
		{name: "endless answers of status 103", answer: testserver.Endlessly("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0), reason: source.ReasonTooLarge},
		{name: "another protocol after 101", answer: testserver.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", testserver.Silent), reason: source.ReasonBadAnswer},
		{name: "gzip bomb sent unasked", answer: testserver.Send(goodHead+"Content-Encoding: gzip\r\n\r\n"+testserver.GzipBomb(t), testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "empty body", answer: testserver.Send(goodHead+"Content-Length: 0\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "another protocol", answer: testserver.Send("SSH-2.0-OpenSSH_9.2p1\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "noise", answer: testserver.Send("\x00\xff\x16\x03\n\n\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "status that is not a number", answer: testserver.Send("HTTP/1.1 2OO OK\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "version of HTTP that is none", answer: testserver.Send("HTTP/x.y 200 OK\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "header without a colon", answer: testserver.Send(goodHead+"no colon\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "negative Content-Length", answer: testserver.Send(goodHead+"Content-Length: -1\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "two different lengths", answer: testserver.Send(goodHead+"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "unknown transfer encoding", answer: testserver.Send(goodHead+"Transfer-Encoding: rot13\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "redirect to no URL", answer: testserver.Send("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", testserver.HangUp), reason: source.ReasonBadAnswer},
		{name: "redirect to nowhere", answer: testserver.Send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", testserver.HangUp), reason: source.ReasonRedirected},
	} {
		for _, s := range hostileSources {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				server := testserver.NewRaw(t, testserver.AfterRequest(c.answer))
				scheme, timeout := "http", "1m"
				if c.scheme != "" {
					scheme = c.scheme
				}
				if c.short {
					timeout = "300ms"
				}
				wantDown(t, s.name, scheme+"://"+server.Address, timeout, c.reason)
				server.WantAllClosed(t)
			})
		}
	}
}

func TestServersThatAreNotThere(t *testing.T) {
	for _, c := range []struct{ name, url, reason string }{
		{"no such host", "http://no-such-host.invalid", source.ReasonDNS},
		{"refused", "http://127.0.0.1:1", source.ReasonRefused},
	} {
		for _, s := range hostileSources {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				wantDown(t, s.name, c.url, "1m", c.reason)
			})
		}
	}
}

// wantDown fails the test unless a source that asks url fails for the reason before its timeout, with its down samples
// and no others.
func wantDown(t *testing.T, collector, url, timeout, reason string) {
	t.Helper()
	for _, s := range hostileSources {
		if s.name != collector {
			continue
		}
		lines := strings.NewReplacer("ADDRESS", url, "TIMEOUT", timeout).Replace(s.config)
		e := collectortest.New(t, "registries:\n- name: hub\n  timeout: "+timeout+"\n"+lines)
		start := time.Now()
		got := collectortest.Scrape(t, e, collector)
		limit, _ := time.ParseDuration(timeout)
		if took := time.Since(start); took > limit+20*time.Second { // a reading that does not end by itself takes maxScrape
			t.Errorf("took %s, the timeout is %s", took, timeout)
		}
		got.WantReason(t, reason)
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
			got.WantSamples(t, map[string]float64{s.down: 0})
		}
	}
}
