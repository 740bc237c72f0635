package collector

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// clients counts the scrapes under way of each address that asks. The zero value is ready.
type clients struct {
	mu      sync.Mutex
	scrapes map[string]int // by client; one whose last scrape ends is deleted
}

// add adds n to the scrapes of a client. It returns how many there are then.
func (c *clients) add(client string, n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.scrapes == nil {
		c.scrapes = map[string]int{}
	}
	c.scrapes[client] += n
	now := c.scrapes[client]
	if now == 0 {
		delete(c.scrapes, client)
	}
	return now
}

// clientOf is the address of a client, or the network of one of IPv6: one machine has all the addresses of a /64.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if addr = addr.Unmap(); err != nil || addr.Is4() {
		return addr.String()
	}
	network, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}
