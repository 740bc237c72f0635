// Package redis reads the Redis in which Distribution caches what it knows of blobs: with one PING and one INFO, on a new
// connection each time. The collector is "redis".
//
//   - redis.go connects, logs in and asks
//   - resp.go is the protocol
//   - info.go reads the answer to INFO
//   - words.go puts the result into words, harbor_words.go that of the Redis of a Harbor
//
// For example, the answers
//
//	PING   +PONG
//	INFO   redis_version:7.0.15, role:master, used_memory:52331776, maxmemory:134217728, maxmemory_policy:allkeys-lru, …
//
// become, among others,
//
//	registry_redis_reachable{address="10.0.0.9:6379"} 1
//	registry_redis_info{address="10.0.0.9:6379",version="7.0.15",redis_role="master",maxmemory_policy="allkeys-lru"} 1
//	registry_redis_memory_used_bytes{address="10.0.0.9:6379"} 52331776
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"registry_exporter/collector/ask"
	"registry_exporter/collector/source"
)

var (
	reachable = source.Gauge("registry_redis_reachable",
		"1 if Redis answers PING, with the configured credentials.", "address")
	pingSeconds = source.Gauge("registry_redis_ping_seconds",
		"Seconds until PING was answered, on a connection already open.", "address")
)

// A server is the Redis of a registry, as its configuration describes it.
type server struct {
	address  string      // host:port
	username string      // empty: AUTH is sent with a password alone
	password *ask.Secret // nil: no AUTH is sent
	tls      *tls.Config // nil: the connection is not encrypted
	lockout  *ask.Lockout
	part     ask.Part
}

// Sources makes the source of the Redis (redis.addr), and none for a registry without redis. An error names the key of
// the configuration of a secret or a TLS configuration that cannot be read.
func Sources(b *ask.Builder) ([]*source.Source, error) {
	if b.Redis == nil {
		return nil, nil
	}
	r := &server{address: b.Redis.Addr, username: b.Redis.Username, lockout: b.Lockout, part: b.Part()}
	var err error
	if r.password, err = b.Secret(b.Redis.Password, b.Redis.PasswordFile, "redis", "password_file"); err != nil {
		return nil, err
	}
	if b.Redis.TLSConfig != nil {
		if r.tls, err = ask.NewTLSConfig(b.CAs, b.Redis.TLSConfig); err != nil {
			return nil, b.Errorf([]any{"redis", "tls_config"}, "%s", err)
		}
		b.Hide(b.Redis.TLSConfig.Key)
		if r.tls.ServerName == "" {
			r.tls.ServerName, _, _ = net.SplitHostPort(r.address)
		}
	}
	return []*source.Source{{
		Address: r.address,
		Down:    []source.Sample{reachable.Sample(0, r.address)},
		Read:    r.read,
		Words:   wordsOf(b.Redis, b.Harbor != nil),
	}}, nil
}

// read asks Redis. When ctx ends first, the error wraps that of ctx: the connection says timeout even when Prometheus has
// given up the scrape, for which the reason is canceled.
func (r *server) read(ctx context.Context) ([]source.Sample, error) {
	samples, err := r.ask(ctx)
	if err != nil && ctx.Err() != nil && !source.IsUnasked(err) && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %v", ctx.Err(), err)
	}
	return samples, r.part.Blame(ctx, err)
}

// ask connects and asks PING, then INFO. With an error it returns the samples that it had read before.
func (r *server) ask(ctx context.Context) ([]source.Sample, error) {
	leave, err := r.part.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
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
		reachable.Sample(1, r.address),
		pingSeconds.Sample(time.Since(start).Seconds(), r.address),
	}
	info, err := conn.do("INFO")
	if err != nil {
		return samples, fmt.Errorf("asking for INFO: %w", err)
	}
	more, err := parseInfo(info, r.address)
	return append(samples, more...), err
}

// dial connects, and encrypts the connection if the configuration has a tls_config.
func (r *server) dial(ctx context.Context) (*respConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", r.address)
	if err != nil {
		return nil, ask.NoConnection(err, r.address)
	}
	if r.tls == nil {
		return newRESPConn(conn), nil
	}
	secure := tls.Client(conn, r.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return newRESPConn(secure), nil
}

// login sends AUTH. It does not send a password that Redis refused a short while ago: see ask.Lockout.
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
	unsent := r.lockout.Send(ctx, r.address, r.username+"\x00"+password, func() ask.Verdict {
		_, err = conn.do(args...)
		return ask.VerdictBy(err)
	})
	return cmp.Or(unsent, err)
}
