package standin

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// redis answers AUTH, PING and INFO as Redis does.
type redis struct {
	faults   *Faults
	password *secret
	started  time.Time
}

// serve speaks the protocol of Redis at a listener.
func (r *redis) serve(l net.Listener) func() {
	s := server.NewServerConn()
	s.SetPreHook(r.authenticated)
	r.commands(s)
	go func() { // ends when the port is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r.faults.On("redis-hangs") {
				go swallow(conn)
				continue
			}
			s.ServeConn(conn)
		}
	}()
	return func() {
		l.Close()
		s.Close()
	}
}

// swallow reads until the client gives up, and never answers.
func swallow(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
	conn.Close()
}

func (r *redis) authenticated(c *server.Peer, cmd string, _ ...string) (done bool) {
	if cmd == "AUTH" || c.Ctx == true {
		return false
	}
	c.WriteError("NOAUTH Authentication required.")
	return true
}

func (r *redis) commands(s *server.Server) {
	for name, answer := range map[string]server.Cmd{
		"AUTH": r.auth,
		"PING": func(c *server.Peer, _ string, _ []string) { c.WriteInline("PONG") },
		"INFO": func(c *server.Peer, _ string, _ []string) { c.WriteBulk(r.info(s)) },
	} {
		_ = s.Register(name, answer) // fails only for a name that is registered
	}
}

func (r *redis) auth(c *server.Peer, _ string, args []string) {
	if len(args) != 2 || args[0] != "monitor" || !r.password.is(args[1]) {
		c.WriteError("WRONGPASS invalid username-password pair or user is disabled.")
		return
	}
	c.Ctx = true
	c.WriteOK()
}

// info answers for a cache in use: half full, and nine of ten lookups find their key.
func (r *redis) info(s *server.Server) string {
	lookups := 10_000 + 20*int(time.Since(r.started).Seconds())
	text := fmt.Sprintf(`# Server
redis_version:7.0.15
# Clients
connected_clients:%d
# Memory
used_memory:268435456
maxmemory:536870912
maxmemory_policy:allkeys-lru
# Stats
total_connections_received:%d
total_commands_processed:%d
rejected_connections:0
evicted_keys:1200
keyspace_hits:%d
keyspace_misses:%d
# Replication
role:master
`, s.ClientsLen(), s.TotalConnections(), s.TotalCommands(), lookups*9/10, lookups-lookups*9/10)
	return strings.ReplaceAll(text, "\n", "\r\n")
}
