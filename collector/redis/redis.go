package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"

	promconfig "github.com/prometheus/common/config"
)

var (
	reachable = source.Gauge("registry_redis_reachable",
		"1 if Redis answers PING, with the configured credentials.", "endpoint")
	pingSeconds = source.Gauge("registry_redis_ping_seconds",
		"Seconds until PING was answered, on a connection already open.", "endpoint")
	serverInfo = source.Gauge("registry_redis_info",
		"Always 1; version, role and maxmemory_policy are labels (INFO: redis_version, role, maxmemory_policy).",
		"endpoint", "version", "role", "maxmemory_policy").Outside("version", "maxmemory_policy")
	memoryUsed = source.Gauge("registry_redis_memory_used_bytes", "Memory in use, in bytes (INFO: used_memory).", "endpoint")
	memoryMax  = source.Gauge("registry_redis_memory_max_bytes", "Memory that Redis may use, in bytes; 0 is without limit (INFO: maxmemory).", "endpoint")
)

// infoNumbers are the lines of INFO that become metrics.
var infoNumbers = []struct {
	key    string
	metric *source.Metric
}{
	{"used_memory", memoryUsed},
	{"maxmemory", memoryMax},
	{"connected_clients", source.Gauge("registry_redis_clients", "Connected clients, the asking one too (INFO: connected_clients).", "endpoint")},
	{"evicted_keys", source.Counter("registry_redis_evicted_keys_total", "Keys dropped because memory was full (INFO: evicted_keys).", "endpoint")},
	{"keyspace_hits", source.Counter("registry_redis_keyspace_hits_total", "Lookups that found their key (INFO: keyspace_hits).", "endpoint")},
	{"keyspace_misses", source.Counter("registry_redis_keyspace_misses_total", "Lookups that did not find their key (INFO: keyspace_misses).", "endpoint")},
	{"rejected_connections", source.Counter("registry_redis_rejected_connections_total", "Connections refused because there were too many (INFO: rejected_connections).", "endpoint")},
}

// server asks the cache of a registry, on a new connection each time.
type server struct {
	endpoint string
	username string
	password *ask.Secret
	tls      *tls.Config
	lockout  *ask.Lockout
}

func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Redis == nil {
		return nil, nil
	}
	r := &server{endpoint: b.Redis.Addr, username: b.Redis.Username, lockout: b.Lockout}
	var err error
	if r.password, err = b.Secret(b.Redis.Password, b.Redis.PasswordFile, "redis", "password_file"); err != nil {
		return nil, err
	}
	if b.Redis.TLSConfig != nil {
		if r.tls, err = promconfig.NewTLSConfig(b.Redis.TLSConfig); err != nil {
			return nil, b.Errorf([]any{"redis", "tls_config"}, "%s", err)
		}
		b.Hide(b.Redis.TLSConfig.Key)
		if r.tls.ServerName == "" {
			r.tls.ServerName, _, _ = net.SplitHostPort(r.endpoint)
		}
	}
	return []*source.Source{{
		Endpoint: r.endpoint,
		Down:     []source.Sample{reachable.Sample(0, r.endpoint)},
		Read:     r.read,
		Words:    wordsOf(b.Redis),
	}}, nil
}

func (r *server) read(ctx context.Context) ([]source.Sample, error) {
	samples, err := r.ask(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) { // what ends a connection early says timeout, even when the scrape was given up
		err = fmt.Errorf("%w: %v", ctx.Err(), err)
	}
	return samples, err
}

func (r *server) ask(ctx context.Context) ([]source.Sample, error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := r.login(ctx, conn); err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	start := time.Now()
	pong, err := conn.do("PING")
	if err == nil && pong != "PONG" {
		err = source.Failed(source.ReasonBadAnswer, "the answer is not PONG")
	}
	if err != nil {
		return nil, fmt.Errorf("waiting for the answer to PING: %w", err)
	}
	samples := []source.Sample{
		reachable.Sample(1, r.endpoint),
		pingSeconds.Sample(time.Since(start).Seconds(), r.endpoint),
	}
	info, err := conn.do("INFO")
	if err != nil {
		return samples, fmt.Errorf("asking for INFO: %w", err)
	}
	more, err := parseInfo(info, r.endpoint)
	return append(samples, more...), err
}

func (r *server) dial(ctx context.Context) (*respConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", r.endpoint)
	if err != nil || r.tls == nil {
		return newRESPConn(conn), err
	}
	secure := tls.Client(conn, r.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return newRESPConn(secure), nil
}

func (r *server) login(ctx context.Context, conn *respConn) error {
	if r.password == nil {
		return nil
	}
	password, err := r.password.Fetch(ctx)
	if err != nil {
		return err
	}
	args := []string{"AUTH", r.username, password}
	if r.username == "" {
		args = []string{"AUTH", password}
	}
	unsent := r.lockout.Send(ctx, r.endpoint, r.username+"\x00"+password, func() ask.Verdict {
		_, err = conn.do(args...)
		return ask.VerdictBy(err)
	})
	return cmp.Or(unsent, err)
}

// parseInfo reads the key:value lines of INFO. What is missing or odd is left out and told.
func parseInfo(text, endpoint string) ([]source.Sample, error) {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); found {
			info[key] = value
		}
	}
	samples := []source.Sample{serverInfo.Sample(1, endpoint, info["redis_version"], knownRole(info["role"]), info["maxmemory_policy"])}
	var odd []string
	for _, n := range infoNumbers {
		value, err := strconv.ParseUint(info[n.key], 10, 64)
		if err != nil {
			odd = append(odd, n.key)
			continue
		}
		samples = append(samples, n.metric.Sample(float64(value), endpoint))
	}
	if info["redis_version"] == "" {
		return nil, source.Failed(source.ReasonBadAnswer, "INFO has no redis_version")
	}
	if odd != nil {
		return samples, source.Failed(source.ReasonBadAnswer, "INFO has no number for %s", strings.Join(odd, ", "))
	}
	return samples, nil
}

// knownRole keeps to the roles that there are.
func knownRole(role string) string {
	switch role {
	case "master", "slave", "sentinel":
		return role
	}
	return "other"
}
