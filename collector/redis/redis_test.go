package redis_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-kit/log"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/source"
	"registry_exporter/collector/testserver"
)

// scrape reads the Redis of a registry.
func scrape(t *testing.T, config string) collectortest.Found {
	t.Helper()
	return collectortest.Scrape(t, collectortest.New(t, config), "redis")
}

func wantReachable(t *testing.T, page collectortest.Found, want float64) {
	t.Helper()
	page.WantSamples(t, map[string]float64{"registry_redis_reachable{": want})
}

func TestRefusedConnection(t *testing.T) {
	scrape(t, redisConfig("127.0.0.1:1", "")).WantReason(t, source.ReasonRefused)
}

// miniredis is a Redis in Go by other authors: the scripted Redis of this package may repeat a mistake of our client.
func TestAgainstMiniredis(t *testing.T) {
	t.Run("password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireAuth("pppppppp")
		page := scrape(t, redisConfig(m.Addr(), ", password: pppppppp"))
		wantReachable(t, page, 1)
	})
	t.Run("user", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireUserAuth("mon", "pppppppp")
		page := scrape(t, redisConfig(m.Addr(), ", username: mon, password: pppppppp"))
		wantReachable(t, page, 1)
	})
	t.Run("wrong password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireUserAuth("mon", "pppppppp")
		page := scrape(t, redisConfig(m.Addr(), ", username: mon, password: qqqqqqqq"))
		wantReachable(t, page, 0)
		page.WantReason(t, source.ReasonUnauthorized)
	})
	t.Run("no password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireAuth("pppppppp")
		page := scrape(t, redisConfig(m.Addr(), ""))
		page.WantReason(t, source.ReasonUnauthorized)
	})
}

func TestWrongPasswordIsSentOnce(t *testing.T) {
	server := startRedis(t, redisScript{
		"AUTH wrongwrong": says("-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
		"AUTH rightright": says("+OK\r\n"), "PING": says("+PONG\r\n"), "INFO": says(bulk(redisInfoText(t))),
	}, nil)
	file := testserver.TempFile(t, "password", []byte("wrongwrong"))
	e := collectortest.New(t, redisConfig(server.addr, ", password_file: "+file))
	for range 3 {
		collectortest.Scrape(t, e, "redis").WantReason(t, source.ReasonUnauthorized)
	}
	if got := server.count("AUTH wrongwrong"); got != 1 {
		t.Errorf("the wrong password was sent %d times, want once", got)
	}

	if err := os.WriteFile(file, []byte("rightright"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := collectortest.Scrape(t, e, "redis")
	page.WantReason(t, "")
	wantReachable(t, page, 1)
}

func TestPasswordStaysOutOfTheLog(t *testing.T) {
	const password = "AVERYSECRETPASSWORD" // in capitals, as the code of an error is
	server := startRedis(t, redisScript{"AUTH " + password: says("-" + password + " is wrong, " + password + "!\r\n")}, nil)
	var logged bytes.Buffer
	e, err := collector.New(collector.Options{
		ConfigFile: testserver.TempFile(t, "registry_exporter.yml", []byte(redisConfig(server.addr, ", password: "+password))),
		Logger:     log.NewLogfmtLogger(log.NewSyncWriter(&logged)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	page := httptest.NewRecorder()
	e.ServeProbe(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe?registry=hub&collect[]=redis&debug=true", nil))
	if !strings.Contains(logged.String(), "source fails") || strings.Contains(logged.String(), password) {
		t.Errorf("want a log line without the password, got %s", &logged)
	}
	if !strings.Contains(page.Body.String(), "source fails") || strings.Contains(page.Body.String(), password) {
		t.Errorf("want a page without the password, got %s", page.Body)
	}
}

func TestTLS(t *testing.T) {
	authority := testserver.NewAuthority(t, "authority", nil)
	cert := authority.Issue(t, testserver.ForNames("example.com", "127.0.0.1"))
	ca := authority.File(t)
	certFile, keyFile := testserver.KeyPairFiles(t, cert)
	script := redisScript{"PING": says("+PONG\r\n"), "INFO": says(bulk(redisInfoText(t)))}
	secured := func(auth tls.ClientAuthType) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: auth}
	}
	for _, c := range []struct {
		name, tlsConfig string
		server          *tls.Config
		want            string
	}{
		{"good", "ca_file: " + ca, secured(tls.NoClientCert), ""},
		{"server_name", "server_name: example.com, ca_file: " + ca, secured(tls.NoClientCert), ""},
		{"client certificate", "cert_file: " + certFile + ", key_file: " + keyFile + ", ca_file: " + ca, secured(tls.RequireAnyClientCert), ""},
		{"not verified", "insecure_skip_verify: true", secured(tls.NoClientCert), ""},
		{"unknown authority", "server_name: example.com", secured(tls.NoClientCert), source.ReasonTLSUnknownAuthority},
		{"other name", "server_name: redis.example.org, ca_file: " + ca, secured(tls.NoClientCert), source.ReasonTLSHostname},
		{"client certificate missing", "ca_file: " + ca, secured(tls.RequireAnyClientCert), source.ReasonTLSClientCert},
		{"plain port", "ca_file: " + ca, nil, source.ReasonHTTPSOnHTTP},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startRedis(t, script, c.server)
			page := scrape(t, redisConfig(server.addr, ", tls_config: {"+c.tlsConfig+"}"))
			page.WantReason(t, c.want)
			wantReachable(t, page, source.Bool01(c.want == ""))
		})
	}
	t.Run("plain to a TLS port", func(t *testing.T) {
		server := startRedis(t, script, secured(tls.NoClientCert))
		page := scrape(t, redisConfig(server.addr, ""))
		wantReachable(t, page, 0)
	})
}

// A scrape that Prometheus gave up says nothing about Redis.
func TestGivenUpIsNoTimeout(t *testing.T) {
	server := startRedis(t, redisScript{"PING": saysNothing}, nil)
	e := collectortest.New(t, redisConfig(server.addr, ""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for server.count("PING") == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	page := httptest.NewRecorder()
	e.ServeProbe(page, httptest.NewRequestWithContext(ctx, http.MethodGet, "/probe?registry=hub&collect[]=redis", nil))
	if want := `reason="canceled"`; !strings.Contains(page.Body.String(), want) {
		t.Errorf("no %s in\n%s", want, page.Body)
	}
}
