package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConnections bounds the connections of clients. One that has sent 64 KiB of headers and no more takes some 100 KiB.
const maxConnections = 500

// connections are those of a server. When there are maxConnections, a new one takes the place of the one that has waited for
// a request, or for the rest of one, for the longest time: who opens many shuts nobody else out. One that is being answered makes
// no place; it ends when its client takes nothing of the answer for the time stall.
type connections struct {
	stall time.Duration
	mu    sync.Mutex
	all   map[net.Conn]*connection
}

type connection struct {
	since    time.Time // when it came, or its last answer was sent
	requests int       // that are being answered; with HTTP/2 there may be some
}

type connectionKey struct{}

// bound bounds the connections of a server, before it serves.
func (c *connections) bound(server *http.Server) {
	c.all = map[net.Conn]*connection{}
	server.ConnState = c.note
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, conn)
	}
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
			c.add(conn, 1)
			defer c.add(conn, -1)
		}
		a := &answer{ResponseWriter: w, stall: c.stall, end: time.Now().Add(requestTime)}
		next.ServeHTTP(a, r)
		a.mayStall() // the server sends the rest
	})
}

// note is called with each change of the state of a connection; for a new one before the next is accepted.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.all) >= maxConnections {
			c.makePlace(conn)
		}
		c.all[conn] = &connection{since: time.Now()}
	case http.StateClosed, http.StateHijacked:
		delete(c.all, conn)
	}
}

// makePlace closes the connection that has waited for the longest time, or the new one when all are being answered.
func (c *connections) makePlace(last net.Conn) {
	oldest := time.Now()
	for conn, one := range c.all {
		if one.requests == 0 && one.since.Before(oldest) {
			last, oldest = conn, one.since
		}
	}
	delete(c.all, last)
	if t, ok := last.(*tls.Conn); ok {
		last = t.NetConn() // closing TLS may wait for the client
	}
	last.Close()
}

// add counts a request that is being answered, or no longer is.
func (c *connections) add(conn net.Conn, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one, open := c.all[conn]; open {
		one.requests += n
		one.since = time.Now()
	}
}
