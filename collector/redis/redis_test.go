package redis

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registry_exporter/collector"
	"registry_exporter/collector/collectortest"
	"registry_exporter/collector/msr"
	"registry_exporter/collector/source"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-kit/log"
)

// TestRedisPages plays a Redis that answers as scripted, and compares the page with testdata/redis/<case>/<case>.prom.
func TestRedisPages(t *testing.T) {
	info := redisInfoText(t)
	well := redisScript{"PING": says("+PONG\r\n"), "INFO": says(bulk(info))}
	login := func(command, answer string) redisScript {
		return redisScript{command: says(answer), "PING": says("+PONG\r\n"), "INFO": says(bulk(info))}
	}
	ping := func(a redisAnswer) redisScript { return redisScript{"PING": a} }
	asked := func(a redisAnswer) redisScript { return redisScript{"PING": says("+PONG\r\n"), "INFO": a} }
	informed := func(changes ...string) redisScript {
		return asked(says(bulk(strings.NewReplacer(changes...).Replace(info))))
	}
	const (
		password = ", password: pppppppp"
		acl      = ", username: mon, password: pppppppp"
	)
	for _, c := range []struct {
		name, config string
		script       redisScript
	}{
		{"healthy", "", well},
		{"password", password, login("AUTH pppppppp", "+OK\r\n")},
		{"acl_user", acl, login("AUTH mon pppppppp", "+OK\r\n")},
		{"replica_full_noeviction", "", informed("role:master", "role:slave",
			"maxmemory_policy:allkeys-lru", "maxmemory_policy:noeviction", "\r\nused_memory:52331776\r\n", "\r\nused_memory:134217728\r\n")},

		{"noauth", "", ping(says("-NOAUTH Authentication required.\r\n"))},
		{"wrongpass", acl, login("AUTH mon pppppppp", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")},
		{"invalid_password_before_6", password, login("AUTH pppppppp", "-ERR invalid password\r\n")},
		{"auth_where_no_password_is_set", password, login("AUTH pppppppp",
			"-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n")},
		{"auth_where_no_password_is_set_before_6", password, login("AUTH pppppppp", "-ERR Client sent AUTH, but no password is set\r\n")},
		{"closed_after_auth", password, redisScript{"AUTH pppppppp": saysAndHangsUp("+OK\r\n")}},
		{"closed_instead_of_auth", password, redisScript{"AUTH pppppppp": saysAndHangsUp("")}},
		{"no_right_to_ping", acl, redisScript{
			"AUTH mon pppppppp": says("+OK\r\n"),
			"PING":              says("-NOPERM this user has no permissions to run the 'ping' command\r\n"),
		}},
		{"no_right_to_info", acl, redisScript{
			"AUTH mon pppppppp": says("+OK\r\n"), "PING": says("+PONG\r\n"),
			"INFO": says("-NOPERM this user has no permissions to run the 'info' command\r\n"),
		}},

		{"loading", "", ping(says("-LOADING Redis is loading the dataset in memory\r\n"))},
		{"busy_with_a_script", "", ping(says("-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"))},
		{"master_down", "", ping(says("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"))},
		{"protected_mode", "", redisScript{"": saysAndHangsUp("-DENIED Redis is running in protected mode because protected mode is enabled.\r\n")}},
		{"max_clients", "", redisScript{"": saysAndHangsUp("-ERR max number of clients reached\r\n")}},
		{"max_clients_with_password", password, redisScript{"": saysAndHangsUp("-ERR max number of clients reached\r\n")}},
		{"unknown_error", "", ping(says("-pppp@ssw0rd is not what I like to hear\r\n"))},
		{"never_answers", "\n  timeout: 3s", ping(saysNothing)},
		{"never_answers_info", "\n  timeout: 3s", asked(saysNothing)},

		{"http_server", "", ping(saysAndHangsUp("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request"))},
		{"not_pong", "", ping(says("+OK\r\n"))},
		{"number_for_pong", "", ping(says(":1\r\n"))},
		{"empty_line", "", ping(says("\r\n"))},
		{"endless_line", "", ping(saysEndlessly)},
		{"line_cut_short", "", ping(saysAndHangsUp("+PO"))},
		{"huge_bulk_announced", "", asked(says("$9999999999\r\n"))},
		{"bulk_over_the_limit", "", asked(says(bulk(strings.Repeat("x", maxRESPBulk+1))))},
		{"bulk_of_no_length", "", asked(says("$many\r\n"))},
		{"overflowing_bulk", "", asked(says("$99999999999999999999\r\n"))},
		{"negative_bulk", "", asked(says("$-7\r\n"))},
		{"null_bulk", "", asked(says("$-1\r\n"))},
		{"bulk_cut_short", "", asked(saysAndHangsUp("$4000\r\n# Server\r\nredis_ver"))},
		{"bulk_never_begins", "", asked(saysAndHangsUp("$4000\r\n"))},
		{"bulk_longer_than_announced", "", asked(says("$10\r\nredis_version:7.0.15\r\n"))},

		{"info_empty", "", asked(says("$0\r\n\r\n"))},
		{"info_without_version", "", informed("redis_version", "server_version")},
		{"info_without_some_numbers", "", informed("maxmemory:134217728", "", "rejected_connections:2", "")},
		{"info_with_negative_numbers", "", informed("\r\nused_memory:52331776\r\n", "\r\nused_memory:-1\r\n", "evicted_keys:341", "evicted_keys:-341")},
		{"info_with_overflow", "", informed("keyspace_hits:90210", "keyspace_hits:18446744073709551616")},
		{"info_with_invalid_utf8", "", informed("redis_version:7.0.15", "redis_version:7\xff\xfe")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t, c.script, nil)
			options, rest, _ := strings.Cut(c.config, "\n")
			e := collectortest.New(t, redisConfig(server.addr, options)+rest+"\n")
			collectortest.ComparePage(t, redisFolder(t, c.name), e.testPage(t, "redis", map[string]string{server.addr: "redis.example.org:6379"}))
		})
	}
}

// redisFolder is where the page of a case is. A new case gets its folder with -update.
func redisFolder(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join("testdata", "redis", name)
	if collectortest.Update() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func redisConfig(addr, options string) string {
	return "registries:\n- name: hub\n  url: http://registry.example.org\n  redis: {addr: '" + addr + "'" + options + "}\n"
}

// redisInfoText is what a Redis 7.0 answers to INFO.
func redisInfoText(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "redis", "healthy", "info.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\n", "\r\n")
}

func TestRedisRefusedConnection(t *testing.T) {
	msr.wantReason(t, collectortest.New(t, redisConfig("127.0.0.1:1", "")).readOne(t, "redis").Err, source.ReasonRefused)
}

// miniredis is a Redis that somebody else wrote: our script is not the only witness.
func TestRedisAgainstMiniredis(t *testing.T) {
	t.Run("password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireAuth("pppppppp")
		res := collectortest.New(t, redisConfig(m.Addr(), ", password: pppppppp")).readOne(t, "redis")
		wantValue(t, res, reachable, 1)
	})
	t.Run("user", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireUserAuth("mon", "pppppppp")
		res := collectortest.New(t, redisConfig(m.Addr(), ", username: mon, password: pppppppp")).readOne(t, "redis")
		wantValue(t, res, reachable, 1)
	})
	t.Run("wrong password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireUserAuth("mon", "pppppppp")
		res := collectortest.New(t, redisConfig(m.Addr(), ", username: mon, password: qqqqqqqq")).readOne(t, "redis")
		wantValue(t, res, reachable, 0)
		msr.wantReason(t, res.Err, source.ReasonUnauthorized)
	})
	t.Run("no password", func(t *testing.T) {
		m := miniredis.RunT(t)
		m.RequireAuth("pppppppp")
		res := collectortest.New(t, redisConfig(m.Addr(), "")).readOne(t, "redis")
		msr.wantReason(t, res.Err, source.ReasonUnauthorized)
	})
}

func TestRedisWrongPasswordIsSentOnce(t *testing.T) {
	server := startRedis(t, redisScript{
		"AUTH wrongwrong": says("-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
		"AUTH rightright": says("+OK\r\n"), "PING": says("+PONG\r\n"), "INFO": says(bulk(redisInfoText(t))),
	}, nil)
	file := filepath.Join(t.TempDir(), "password")
	writeFile(t, file, "wrongwrong")
	e := collectortest.New(t, redisConfig(server.addr, ", password_file: "+file))
	for range 3 {
		msr.wantReason(t, e.readOne(t, "redis").Err, source.ReasonUnauthorized)
	}
	if got := server.count("AUTH wrongwrong"); got != 1 {
		t.Errorf("the wrong password was sent %d times, want once", got)
	}

	writeFile(t, file, "rightright")
	res := e.readOne(t, "redis")
	msr.wantReason(t, res.Err, "")
	wantValue(t, res, reachable, 1)
}

func TestRedisPasswordStaysOutOfTheLog(t *testing.T) {
	const password = "AVERYSECRETPASSWORD" // all capitals: it could pass for the code of an error
	server := startRedis(t, redisScript{"AUTH " + password: says("-" + password + " is wrong, " + password + "!\r\n")}, nil)
	var logged bytes.Buffer
	e := collectortest.New(t, redisConfig(server.addr, ", password: "+password))
	e.opts.Logger = log.NewLogfmtLogger(&logged)
	page := httptest.NewRecorder()
	e.ServeProbe(page, httptest.NewRequest(http.MethodGet, "/probe?registry=hub&collect[]=redis&debug=true", nil))
	if !strings.Contains(logged.String(), "source fails") || strings.Contains(logged.String(), password) {
		t.Errorf("want a log line without the password, got %s", &logged)
	}
	if !strings.Contains(page.Body.String(), "source fails") || strings.Contains(page.Body.String(), password) {
		t.Errorf("want a page without the password, got %s", page.Body)
	}
}

func TestRedisTLS(t *testing.T) {
	cert, ca, certFile, keyFile := exampleCertificate(t)
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
			res := collectortest.New(t, redisConfig(server.addr, ", tls_config: {"+c.tlsConfig+"}")).readOne(t, "redis")
			msr.wantReason(t, res.Err, c.want)
			wantValue(t, res, reachable, source.Bool01(c.want == ""))
		})
	}
	t.Run("plain to a TLS port", func(t *testing.T) {
		server := startRedis(t, script, secured(tls.NoClientCert))
		res := collectortest.New(t, redisConfig(server.addr, "")).readOne(t, "redis")
		wantValue(t, res, reachable, 0)
	})
}

// A scrape that its client gave up says nothing about Redis.
func TestRedisGivenUpIsNoTimeout(t *testing.T) {
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
	if got := source.Reason(storeSource(t, e, "redis").Get(ctx, collector.maxScrape).Err); got != source.ReasonCanceled {
		t.Errorf("reason %s, want %s", got, source.ReasonCanceled)
	}
}

// A redisScript says what is answered to each command, words and all; to "" when a client connects.
type redisScript map[string]redisAnswer

// A redisAnswer writes to a client and tells whether to go on listening to it.
type redisAnswer func(io.Writer) (goOn bool)

func says(text string) redisAnswer {
	return func(w io.Writer) bool {
		_, err := io.WriteString(w, text)
		return err == nil
	}
}

func saysAndHangsUp(text string) redisAnswer {
	return func(w io.Writer) bool {
		_, _ = io.WriteString(w, text)
		return false
	}
}

func saysNothing(io.Writer) bool { return true }

func saysEndlessly(w io.Writer) bool {
	for says(strings.Repeat("+", 1<<12))(w) {
	}
	return false
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// scriptedRedis speaks Redis' protocol as far as its script goes, and counts what it is asked.
type scriptedRedis struct {
	addr   string
	script redisScript

	mu    sync.Mutex
	asked map[string]int
}

func startRedis(t *testing.T, script redisScript, secure *tls.Config) *scriptedRedis {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scriptedRedis{addr: l.Addr().String(), script: script, asked: map[string]int{}}
	var clients sync.WaitGroup
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	clients.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		clients.Wait()
	})
	return s
}

func (s *scriptedRedis) serve(conn io.ReadWriter) {
	if greet := s.script[""]; greet != nil && !greet(conn) {
		return
	}
	r := bufio.NewReader(conn)
	for {
		command, err := readCommand(r)
		if err != nil {
			says("-ERR Protocol error: " + err.Error() + "\r\n")(conn)
			return
		}
		s.mu.Lock()
		s.asked[command]++
		s.mu.Unlock()
		answer, known := s.script[command]
		if !known {
			answer = says("-ERR unknown command or wrong arguments\r\n")
		}
		if !answer(conn) {
			return
		}
	}
}

func (s *scriptedRedis) count(command string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[command]
}

// readCommand reads an array of bulks, as clients send it.
func readCommand(r *bufio.Reader) (string, error) {
	n, err := readLength(r, '*')
	if err != nil {
		return "", err
	}
	words := make([]string, n)
	for i := range words {
		length, err := readLength(r, '$')
		if err != nil {
			return "", err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return "", err
		}
		words[i] = string(word[:length])
	}
	return strings.Join(words, " "), nil
}

func readLength(r *bufio.Reader, kind byte) (int, error) {
	if first, err := r.ReadByte(); err != nil || first != kind {
		return 0, fmt.Errorf("expected '%c'", kind)
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// exampleCertificate is one for example.com and 127.0.0.1 that is its own authority, also as files.
func exampleCertificate(t *testing.T) (cert tls.Certificate, caFile, certFile, keyFile string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	cert = server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return cert, certFile, certFile, keyFile
}

// storeSource is the first source of a collector.
func storeSource(t *testing.T, e *collector.Exporter, collector string) *source.Source {
	t.Helper()
	for _, s := range e.live.Load().registries[0].sources {
		if s.Collector == collector {
			return s
		}
	}
	t.Fatalf("no source of collector %s", collector)
	return nil
}

func (e *collector.Exporter) readOne(t *testing.T, collector string) source.Result {
	t.Helper()
	return storeSource(t, e, collector).Get(t.Context(), collector.maxScrape)
}

// wantValue wants each sample of a metric to have this value, and one at least.
func wantValue(t *testing.T, res source.Result, m *source.Metric, want float64) {
	t.Helper()
	if !source.has(res.Samples, m) {
		t.Errorf("%s is missing", m.Name)
	}
	for _, s := range res.Samples {
		if s.Metric == m && s.Value != want {
			t.Errorf("%s is %v, want %v", m.Name, s.Value, want)
		}
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
