package accesslog

import (
	"net"
	"slices"
	"sync"
	"time"
)

const (
	maxConns = 50               // at the same time, over TCP
	busyFor  = 10 * time.Second // after its last line, a connection is not closed for a new one
)

// connections are the TCP connections over which syslog comes. When there are maxConns, an idle one is closed for a new one.
type connections struct {
	mu  sync.Mutex
	all map[net.Conn]time.Time // when the last whole line came; zero: none yet
	old []net.Conn             // the oldest first
}

func newConnections() *connections { return &connections{all: map[net.Conn]time.Time{}} }

// add adds conn. When there are maxConns, the caller has to close idle for it: the connection that has sent no line yet, or else
// the one whose last line is oldest. While all are busy, conn is not added.
func (c *connections) add(conn net.Conn, now time.Time) (idle net.Conn, added bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= maxConns {
		if idle = c.mostIdle(); now.Sub(c.all[idle]) < busyFor {
			return nil, false
		}
		c.drop(idle)
	}
	c.all[conn] = time.Time{}
	c.old = append(c.old, conn)
	return idle, true
}

// mostIdle is the oldest connection that has sent no line, or else the one whose last line is oldest.
func (c *connections) mostIdle() net.Conn {
	idle := c.old[0]
	for _, conn := range c.old[1:] {
		if c.all[conn].Before(c.all[idle]) {
			idle = conn
		}
	}
	return idle
}

// heard notes that a whole line came over conn.
func (c *connections) heard(conn net.Conn, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, is := c.all[conn]; is {
		c.all[conn] = now
	}
}

// remove drops a connection that has ended.
func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(conn)
}

func (c *connections) drop(gone net.Conn) {
	delete(c.all, gone)
	c.old = slices.DeleteFunc(c.old, func(conn net.Conn) bool { return conn == gone })
}
