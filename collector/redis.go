package collector

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

	promconfig "github.com/prometheus/common/config"
)

var (
	redisReachable = gauge("registry_redis_reachable",
		"1 if Redis answers PING, with the configured credentials.", "endpoint")
	redisPing = gauge("registry_redis_ping_seconds",
		"Seconds until PING was answered, on a connection already open.", "endpoint")
	redisInfo = gauge("registry_redis_info",
		"Always 1; version, role and maxmemory_policy are labels (INFO: redis_version, role, maxmemory_policy).",
		"endpoint", "version", "role", "maxmemory_policy").outside("version", "maxmemory_policy")
	redisMemoryUsed = gauge("registry_redis_memory_used_bytes", "Memory in use, in bytes (INFO: used_memory).", "endpoint")
	redisMemoryMax  = gauge("registry_redis_memory_max_bytes", "Memory that Redis may use, in bytes; 0 is without limit (INFO: maxmemory).", "endpoint")
)

// redisNumbers are the lines of INFO that become metrics.
var redisNumbers = []struct {
	key    string
	metric *metric
}{
	{"used_memory", redisMemoryUsed},
	{"maxmemory", redisMemoryMax},
	{"connected_clients", gauge("registry_redis_clients", "Connected clients, the asking one too (INFO: connected_clients).", "endpoint")},
	{"evicted_keys", counter("registry_redis_evicted_keys_total", "Keys dropped because memory was full (INFO: evicted_keys).", "endpoint")},
	{"keyspace_hits", counter("registry_redis_keyspace_hits_total", "Lookups that found their key (INFO: keyspace_hits).", "endpoint")},
	{"keyspace_misses", counter("registry_redis_keyspace_misses_total", "Lookups that did not find their key (INFO: keyspace_misses).", "endpoint")},
	{"rejected_connections", counter("registry_redis_rejected_connections_total", "Connections refused because there were too many (INFO: rejected_connections).", "endpoint")},
}

// redis asks the cache of a registry, on a new connection each time.
type redis struct {
	endpoint string
	username string
	password *secret
	tls      *tls.Config
	lockout  *lockout
}

func redisSources(b *builder) ([]*source, error) {
	if b.Redis == nil {
		return nil, nil
	}
	r := &redis{endpoint: b.Redis.Addr, username: b.Redis.Username, lockout: b.lockout}
	var err error
	if r.password, err = b.secret(b.Redis.Password, b.Redis.PasswordFile, "redis", "password_file"); err != nil {
		return nil, err
	}
	if b.Redis.TLSConfig != nil {
		if r.tls, err = promconfig.NewTLSConfig(b.Redis.TLSConfig); err != nil {
			return nil, b.errorf([]any{"redis", "tls_config"}, "%s", err)
		}
		b.hide(b.Redis.TLSConfig.Key)
		if r.tls.ServerName == "" {
			r.tls.ServerName, _, _ = net.SplitHostPort(r.endpoint)
		}
	}
	return []*source{{
		endpoint: r.endpoint,
		down:     []sample{redisReachable.sample(0, r.endpoint)},
		read:     r.read,
		words:    redisWords(b.Redis),
	}}, nil
}

func (r *redis) read(ctx context.Context) ([]sample, error) {
	samples, err := r.ask(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) { // what ends a connection early says timeout, even when the scrape was given up
		err = fmt.Errorf("%w: %v", ctx.Err(), err)
	}
	return samples, err
}

func (r *redis) ask(ctx context.Context) ([]sample, error) {
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
		err = failed(reasonBadAnswer, "the answer is not PONG")
	}
	if err != nil {
		return nil, fmt.Errorf("waiting for the answer to PING: %w", err)
	}
	samples := []sample{
		redisReachable.sample(1, r.endpoint),
		redisPing.sample(time.Since(start).Seconds(), r.endpoint),
	}
	info, err := conn.do("INFO")
	if err != nil {
		return samples, fmt.Errorf("asking for INFO: %w", err)
	}
	more, err := parseRedisInfo(info, r.endpoint)
	return append(samples, more...), err
}

func (r *redis) dial(ctx context.Context) (*respConn, error) {
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

func (r *redis) login(ctx context.Context, conn *respConn) error {
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
	unsent := r.lockout.send(ctx, r.endpoint, r.username+"\x00"+password, func() verdict {
		_, err = conn.do(args...)
		return verdictBy(err)
	})
	return cmp.Or(unsent, err)
}

// parseRedisInfo reads the key:value lines of INFO. What is missing or odd is left out and told.
func parseRedisInfo(text, endpoint string) ([]sample, error) {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); found {
			info[key] = value
		}
	}
	samples := []sample{redisInfo.sample(1, endpoint, info["redis_version"], redisRole(info["role"]), info["maxmemory_policy"])}
	var odd []string
	for _, n := range redisNumbers {
		value, err := strconv.ParseUint(info[n.key], 10, 64)
		if err != nil {
			odd = append(odd, n.key)
			continue
		}
		samples = append(samples, n.metric.sample(float64(value), endpoint))
	}
	if info["redis_version"] == "" {
		return nil, failed(reasonBadAnswer, "INFO has no redis_version")
	}
	if odd != nil {
		return samples, failed(reasonBadAnswer, "INFO has no number for %s", strings.Join(odd, ", "))
	}
	return samples, nil
}

// redisRole keeps to the roles that there are.
func redisRole(role string) string {
	switch role {
	case "master", "slave", "sentinel":
		return role
	}
	return "other"
}
